const MIB = 2 ** 20;
/** This process beside the JVM: results on their way, the store's cache. */
const NODE = 512 * MIB;
const RESERVE = 0.1;
const LEAST_RESERVE = 1024 * MIB;

/**
 * What all driver processes beside the shared driver may take together: as configured, or what
 * the machine or its container has, less the server with that driver, less a reserve for whatever
 * else runs there.
 */
export const driverMemory = (
  configured: number | null,
  machineBytes: number,
  sharedDriverBytes: number,
): number => {
  if (configured !== null) return configured;
  const reserve = Math.max(LEAST_RESERVE, Math.ceil(machineBytes * RESERVE));
  return Math.max(0, machineBytes - sharedDriverBytes - NODE - reserve);
};
