import { sharedChild } from './child-fixture.ts';
import { type RealDriver, realDriver } from './real-driver.ts';

/** The ways to host a driver. Each has to pass the whole `driver-*` suite. */
export const HOSTS: readonly {
  readonly name: string;
  /** What ends with the first error of its JVM that says that memory is short. */
  readonly outOfMemoryEnds: 'job' | 'driver';
  open(): Promise<RealDriver>;
}[] = [
  { name: 'in-process', outOfMemoryEnds: 'job', open: realDriver },
  { name: 'child', outOfMemoryEnds: 'driver', open: sharedChild },
];
