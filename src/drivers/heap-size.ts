const UNITS: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

export const MIB = 2 ** 20;
/** Below this Spark itself refuses to start: 1.5 times its reserved 300 MiB. */
const LEAST = 450 * MIB;
/** Beside the heap a driver needs code, threads and network buffers. */
const LEAVES = 0.8;

/** Bytes of `512m` or `4g`, as Spark writes memory; null when it is none. */
export const parseMemory = (text: string): number | null => {
  const [, digits, unit] = /^\s*(\d+)([kmgt])i?b?\s*$/i.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return null;
  return Number(digits) * (UNITS[unit.toLowerCase()] as number);
};

export const formatMemory = (bytes: number): string =>
  bytes % 2 ** 30 === 0 ? `${bytes / 2 ** 30} GiB` : `${Math.round(bytes / MIB)} MiB`;

export interface HeapVerdict {
  readonly fault: string | null;
  readonly warning: string | null;
}

/** Whether a heap of this size can work on this machine. */
export const judgeHeap = (bytes: number, machineBytes: number): HeapVerdict => {
  if (bytes < LEAST) {
    return {
      fault: `spark.driver.memory: ${formatMemory(bytes)} is less than Spark starts with, ${formatMemory(LEAST)}`,
      warning: null,
    };
  }
  const machine = formatMemory(machineBytes);
  if (bytes > machineBytes) {
    return {
      fault: `spark.driver.memory: ${formatMemory(bytes)} is more than this machine has, ${machine}`,
      warning: null,
    };
  }
  const tight = bytes > machineBytes * LEAVES;
  return {
    fault: null,
    warning: tight
      ? `spark.driver.memory: ${formatMemory(bytes)} leaves little of the ${machine} of this machine`
      : null,
  };
};
