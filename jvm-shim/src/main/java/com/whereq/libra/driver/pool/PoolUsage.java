package com.whereq.libra.driver.pool;

import com.whereq.libra.driver.DriverProtocol.PoolStats;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.StageInfo;
import org.apache.spark.scheduler.TaskInfo;

/** How many tasks of each pool run, and what time its tasks have taken so far. */
final class PoolUsage extends SparkListener {
  private static final String POOL_PROPERTY = "spark.scheduler.pool";

  private static final class Use {
    int running;
    long endedMillis;

    /** Of those that run: their time so far is known from it without a look at each. */
    long launchedAtSum;

    long told;

    long millis(long now) {
      // An end is heard of a moment later: meanwhile its task counts as running.
      told = Math.max(told, endedMillis + running * now - launchedAtSum);
      return told;
    }
  }

  /** One attempt at a stage; tasks of it may run on when it is over. */
  private static final class Stage {
    final Use use;
    int running;
    boolean over;

    Stage(Use use) {
      this.use = use;
    }
  }

  private final UnaryOperator<String> nameOf;
  private final Map<String, Use> pools = new HashMap<>();
  private final Map<Long, Stage> stages = new HashMap<>();

  /** {@code nameOf} says where what asks for a pool really runs. */
  PoolUsage(UnaryOperator<String> nameOf) {
    this.nameOf = nameOf;
  }

  static String poolOf(Properties properties) {
    return properties == null
        ? FairPools.DEFAULT
        : properties.getProperty(POOL_PROPERTY, FairPools.DEFAULT);
  }

  synchronized List<PoolStats> stats(long now) {
    return pools.entrySet().stream()
        .map(
            entry ->
                new PoolStats(
                    entry.getKey(), entry.getValue().running, entry.getValue().millis(now)))
        .toList();
  }

  /** All others are gone. */
  synchronized void keep(Set<String> names) {
    pools.entrySet().removeIf(entry -> !names.contains(entry.getKey()));
  }

  @Override
  public synchronized void onStageSubmitted(SparkListenerStageSubmitted event) {
    String pool = nameOf.apply(poolOf(event.properties()));
    Use use = pools.computeIfAbsent(pool, name -> new Use());
    stages.put(keyOf(event.stageInfo()), new Stage(use));
  }

  @Override
  public synchronized void onTaskStart(SparkListenerTaskStart event) {
    Stage stage = stages.get(keyOf(event.stageId(), event.stageAttemptId()));
    if (stage != null) {
      stage.running++;
      stage.use.running++;
      stage.use.launchedAtSum += event.taskInfo().launchTime();
    }
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd event) {
    long key = keyOf(event.stageId(), event.stageAttemptId());
    Stage stage = stages.get(key);
    TaskInfo task = event.taskInfo();
    if (stage == null || task == null || stage.running == 0) {
      return;
    }
    stage.running--;
    stage.use.running--;
    stage.use.launchedAtSum -= task.launchTime();
    stage.use.endedMillis += Math.max(0, task.finishTime() - task.launchTime());
    dropIfDone(key, stage);
  }

  @Override
  public synchronized void onStageCompleted(SparkListenerStageCompleted event) {
    long key = keyOf(event.stageInfo());
    Stage stage = stages.get(key);
    if (stage != null) {
      stage.over = true;
      dropIfDone(key, stage);
    }
  }

  private void dropIfDone(long key, Stage stage) {
    if (stage.over && stage.running == 0) {
      stages.remove(key);
    }
  }

  private static long keyOf(StageInfo stage) {
    return keyOf(stage.stageId(), stage.attemptNumber());
  }

  private static long keyOf(int stageId, int attempt) {
    return ((long) stageId << 32) | attempt;
  }
}
