import type { Driver } from '../drivers/driver.ts';
import type { DriverGate } from './driver-gate.ts';

/** A driver, and whether it answers: the shared one, or one of the fleet. */
export interface DriverHandle {
  readonly driver: Driver;
  readonly gate: DriverGate;
}
