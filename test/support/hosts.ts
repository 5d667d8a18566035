import { type RealDriver, realDriver } from './real-driver.ts';

/** The ways to host a driver. Each has to pass the whole `driver-*` suite. */
export const HOSTS: readonly { readonly name: string; open(): Promise<RealDriver> }[] = [
  { name: 'in-process', open: realDriver },
];
