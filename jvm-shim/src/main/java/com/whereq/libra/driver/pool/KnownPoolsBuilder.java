package com.whereq.libra.driver.pool;

import java.util.Properties;
import org.apache.spark.scheduler.Pool;
import org.apache.spark.scheduler.Schedulable;
import org.apache.spark.scheduler.SchedulableBuilder;

/**
 * Puts each task set into its pool, and those of no known pool into `default`. Spark's own would
 * make the missing pool with a weight of 1, which is a hundredth where all others were multiplied
 * by 100.
 */
final class KnownPoolsBuilder implements SchedulableBuilder {
  private final Pool root;

  KnownPoolsBuilder(Pool root) {
    this.root = root;
  }

  @Override
  public Pool rootPool() {
    return root;
  }

  @Override
  public void buildPools() {
    // They are there.
  }

  @Override
  public void addTaskSetManager(Schedulable manager, Properties properties) {
    var pools = root.schedulableNameToSchedulable();
    Schedulable pool = pools.get(PoolUsage.poolOf(properties));
    (pool == null ? pools.get(FairPools.DEFAULT) : pool).addSchedulable(manager);
  }
}
