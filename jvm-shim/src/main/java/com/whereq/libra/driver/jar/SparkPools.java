package com.whereq.libra.driver.jar;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pools of threads that Spark makes for the whole JVM when they are first needed. Their threads
 * are born into the group of the thread that made the pool, so they are made before any program
 * can.
 */
public final class SparkPools {
  private static final Logger LOG = LoggerFactory.getLogger(SparkPools.class);
  private static final List<String> OWNERS =
      List.of(
          "org.apache.spark.sql.execution.exchange.BroadcastExchangeExec$",
          "org.apache.spark.sql.execution.exchange.ShuffleExchangeExec$",
          "org.apache.spark.sql.execution.SubqueryExec$",
          "org.apache.spark.sql.execution.SubqueryBroadcastExec$",
          "org.apache.spark.sql.execution.streaming.StreamExecution$",
          "org.apache.spark.sql.execution.adaptive.AdaptiveSparkPlanExec$",
          "scala.concurrent.ExecutionContext$");

  private SparkPools() {}

  public static void open() {
    for (String owner : OWNERS) {
      try {
        Class.forName(owner, true, SparkPools.class.getClassLoader());
      } catch (ClassNotFoundException | LinkageError e) {
        LOG.debug("This Spark has no {}", owner);
      }
    }
  }
}
