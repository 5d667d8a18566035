import java from 'java';

/** A look at the Spark in this process, past the driver: what no user of the driver can see or do. */
const sparkContext = (): unknown => {
  const session = java.callStaticMethodSync('org.apache.spark.sql.classic.SparkSession', 'active');
  return java.callMethodSync(session, 'sparkContext');
};

export interface PoolInside {
  readonly weight: number;
  readonly minShare: number;
  readonly runningTasks: number;
}

export const poolInside = (name: string): PoolInside => {
  const pool = java.callMethodSync(
    java.callMethodSync(sparkContext(), 'getPoolForName', name),
    'get',
  );
  return {
    weight: java.callMethodSync(pool, 'weight'),
    minShare: java.callMethodSync(pool, 'minShare'),
    runningTasks: java.callMethodSync(pool, 'runningTasks'),
  };
};

/** Ends the SparkContext behind the driver's back, as a master does that removes the application. */
export const stopContextBehindTheDriver = (): Promise<void> =>
  new Promise((resolve, reject) => {
    java.callMethod(sparkContext(), 'stop', (error: Error | undefined) =>
      error ? reject(error) : resolve(),
    );
  });

/** Silences the listeners, as an out-of-memory error on their thread does. */
export const deafenListeners = (): void => {
  java.callMethodSync(java.callMethodSync(sparkContext(), 'listenerBus'), 'stop');
};
