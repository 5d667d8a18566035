package com.whereq.libra.driver.pool;

import com.whereq.libra.driver.DriverProtocol;
import java.lang.reflect.Field;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.Pool;
import org.apache.spark.scheduler.Schedulable;
import org.apache.spark.scheduler.SchedulingMode;
import org.apache.spark.scheduler.TaskSchedulerImpl;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pools of one SparkContext. Spark makes its pools once, and their values are final. So a pool
 * that changes gives way to another of its name, which takes over what runs and waits in it:
 * running task sets go on under the new weight. All of it happens under the lock that Spark
 * schedules under.
 */
public final class FairPools {
  static final String DEFAULT = "default";
  private static final String QUEUE = "libra";
  private static final Logger LOG = LoggerFactory.getLogger(FairPools.class);

  /** Null where there are no pools: under spark.scheduler.mode=FIFO. */
  private final TaskSchedulerImpl scheduler;

  private final PoolUsage usage = new PoolUsage(this::nameOf);
  private volatile Set<String> names = Set.of(DEFAULT);

  private FairPools(TaskSchedulerImpl scheduler) {
    this.scheduler = scheduler;
  }

  /** Of a context in which no job has run yet. */
  public static FairPools open(SparkContext context) {
    boolean fair = context.getSchedulingMode().equals(SchedulingMode.FAIR());
    FairPools pools =
        new FairPools(
            fair && context.taskScheduler() instanceof TaskSchedulerImpl scheduler
                ? scheduler
                : null);
    pools.keepToKnownPools();
    context.listenerBus().addToQueue(pools.usage, QUEUE);
    return pools;
  }

  /** From now on there are these pools and no others. */
  public void set(List<DriverProtocol.Pool> pools) {
    names = pools.stream().map(DriverProtocol.Pool::name).collect(Collectors.toSet());
    if (scheduler != null) {
      synchronized (scheduler) {
        pools.forEach(this::put);
        removeOthers();
      }
    }
    usage.keep(names);
  }

  public List<DriverProtocol.PoolStats> stats() {
    return usage.stats(System.currentTimeMillis());
  }

  private String nameOf(String asked) {
    return names.contains(asked) ? asked : DEFAULT;
  }

  private void put(DriverProtocol.Pool wanted) {
    Pool root = scheduler.rootPool();
    Pool fresh =
        new Pool(
            wanted.name(),
            SchedulingMode.withName(wanted.schedulingMode()),
            wanted.minShare(),
            FairSchedulerXml.weight(wanted));
    Schedulable old = root.schedulableNameToSchedulable().get(wanted.name());
    if (old == null) {
      root.addSchedulable(fresh);
    } else if (!isSame(old, fresh)) {
      move(old, fresh);
      // Takes the name over as well, so that at no moment there is none of it.
      root.addSchedulable(fresh);
      root.schedulableQueue().remove(old);
    }
  }

  /** Nobody is in them any more, but for tasks that were not needed and have not ended. */
  private void removeOthers() {
    Pool root = scheduler.rootPool();
    Schedulable rest = root.schedulableNameToSchedulable().get(DEFAULT);
    for (Schedulable pool : root.schedulableQueue()) {
      if (!names.contains(pool.name()) && pool != rest) {
        move(pool, (Pool) rest);
        root.removeSchedulable(pool);
      }
    }
  }

  /** Not by increaseRunningTasks, which would tell the root of tasks that it has counted. */
  private static void move(Schedulable from, Pool to) {
    from.schedulableQueue().forEach(to::addSchedulable);
    to.runningTasks_$eq(to.runningTasks() + from.runningTasks());
  }

  private static boolean isSame(Schedulable a, Schedulable b) {
    return a.weight() == b.weight()
        && a.minShare() == b.minShare()
        && a.schedulingMode().equals(b.schedulingMode());
  }

  /** Spark has no door for this; without it code could have pools that nobody has defined. */
  private void keepToKnownPools() {
    if (scheduler == null) {
      return;
    }
    try {
      Field builder = TaskSchedulerImpl.class.getDeclaredField("schedulableBuilder");
      builder.setAccessible(true);
      synchronized (scheduler) {
        builder.set(scheduler, new KnownPoolsBuilder(scheduler.rootPool()));
      }
    } catch (ReflectiveOperationException | RuntimeException e) {
      LOG.warn("Spark may make pools by itself, with a weight of 0.01", e);
    }
  }
}
