import { query, type RealDriver, submit } from './real-driver.ts';

/** A look at the Spark of a driver, past the driver: what no user of it should see or do. */
const CONTEXT = 'spark.sparkContext._jsc.sc()';

export interface PoolInside {
  readonly weight: number;
  readonly minShare: number;
  readonly runningTasks: number;
}

export const poolInside = async (real: RealDriver, name: string): Promise<PoolInside> => {
  const code = [
    'import json',
    `pool = ${CONTEXT}.getPoolForName(${JSON.stringify(name)}).get()`,
    'names = ("weight", "minShare", "runningTasks")',
    'print(json.dumps({name: getattr(pool, name)() for name in names}))',
  ].join('\n');
  const { text } = await query(real, code, { kind: 'python' });
  return JSON.parse(text) as PoolInside;
};

export const poolsInside = async (real: RealDriver): Promise<readonly string[]> => {
  const code = [
    'import json',
    `pools = ${CONTEXT}.getAllPools()`,
    'print(json.dumps(sorted(pools.apply(i).name() for i in range(pools.size()))))',
  ].join('\n');
  const { text } = await query(real, code, { kind: 'python' });
  return JSON.parse(text) as string[];
};

/** Ends the SparkContext behind the driver's back, as a master does that removes the application. */
export const stopContextBehindTheDriver = async (real: RealDriver): Promise<void> => {
  await submit(real, `${CONTEXT}.stopInNewThread()`, { kind: 'python' }).ended;
};

/** As a job may that knows the way around the guard; the job is lost with the context. */
export const STOP_CONTEXT = `${CONTEXT}.stop()`;

/** Silences the listeners, as an out-of-memory error on their thread does. */
export const deafenListeners = async (real: RealDriver): Promise<void> => {
  await query(real, `${CONTEXT}.listenerBus().stop()`, { kind: 'python' });
};
