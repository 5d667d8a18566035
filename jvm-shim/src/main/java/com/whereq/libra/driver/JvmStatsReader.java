package com.whereq.libra.driver;

import com.whereq.libra.driver.DriverProtocol.GcStats;
import com.whereq.libra.driver.DriverProtocol.JvmStats;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.MemoryUsage;
import java.util.List;
import org.apache.spark.status.api.v1.ExecutorSummary;
import scala.jdk.javaapi.CollectionConverters;

/** The JVM and its executors in numbers. */
final class JvmStatsReader {
  private JvmStatsReader() {}

  /** {@code spark} is null while no context answers. */
  static JvmStats read(LiveSpark spark) {
    MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
    MemoryUsage heap = memory.getHeapMemoryUsage();
    List<GcStats> collectors =
        ManagementFactory.getGarbageCollectorMXBeans().stream()
            .map(gc -> new GcStats(gc.getName(), gc.getCollectionCount(), gc.getCollectionTime()))
            .toList();
    return new JvmStats(
        heap.getUsed(),
        heap.getCommitted(),
        heap.getMax(),
        memory.getNonHeapMemoryUsage().getUsed(),
        ManagementFactory.getThreadMXBean().getThreadCount(),
        collectors,
        spark == null ? 0 : spark.ledger().activeTasks(),
        spark == null || spark.isStopped() ? 0 : cores(spark),
        spark == null ? List.of() : spark.pools().stats());
  }

  private static int cores(LiveSpark spark) {
    var executors = spark.context().statusStore().executorList(true);
    return CollectionConverters.asJava(executors).stream()
        .mapToInt(ExecutorSummary::totalCores)
        .sum();
  }
}
