package com.whereq.libra.driver;

import java.util.Map;
import java.util.TreeMap;

/** The configuration of a SparkContext: what was asked for, and what the host relies on. */
final class SparkSettings {
  static final String WAREHOUSE = "spark.sql.warehouse.dir";
  static final String EXTENSIONS = "spark.sql.extensions";
  private static final String LIBRA_EXTENSIONS =
      "com.whereq.libra.driver.sql.LibraSparkExtensions";

  private SparkSettings() {}

  static Map<String, String> of(Map<String, String> asked, DriverFolder folder) {
    Map<String, String> conf = new TreeMap<>(asked);
    // Spark aborts results beyond 1 GiB by default; the host bounds results itself, on disk.
    conf.putIfAbsent("spark.driver.maxResultSize", "0");
    conf.putIfAbsent("spark.scheduler.mode", "FAIR");
    conf.put("spark.scheduler.allocation.file", folder.fairScheduler().toUri().toString());
    // Tasks that ignore the interrupt are watched until they end; the executor is never killed
    // for them, because in local mode it is the server.
    conf.putIfAbsent("spark.task.reaper.enabled", "true");
    conf.putIfAbsent("spark.task.reaper.killTimeout", "-1");
    conf.putIfAbsent("spark.executor.isolatedSessionCache.size", "50");
    if (isLocal(conf)) {
      // At its default of 5, a task that runs out of memory ends the JVM by System.exit: in local
      // mode that is the server.
      conf.putIfAbsent("spark.executor.killOnFatalError.depth", "0");
    }
    // The default catalog forgets its tables with the driver, and a kept warehouse would make
    // CREATE TABLE fail with LOCATION_ALREADY_EXISTS after a restart.
    conf.putIfAbsent(WAREHOUSE, folder.warehouse().toUri().toString());
    conf.put(EXTENSIONS, withExtensions(conf.get(EXTENSIONS)));
    if (conf.get(EXTENSIONS).isEmpty()) {
      conf.remove(EXTENSIONS);
    }
    return conf;
  }

  private static boolean isLocal(Map<String, String> conf) {
    String master = conf.getOrDefault("spark.master", "");
    return master.equals("local") || master.startsWith("local[");
  }

  private static String withExtensions(String asked) {
    String others = asked == null ? "" : asked.strip();
    try {
      Class.forName(LIBRA_EXTENSIONS, false, SparkSettings.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      return others;
    }
    if (others.contains(LIBRA_EXTENSIONS)) {
      return others;
    }
    return others.isEmpty() ? LIBRA_EXTENSIONS : others + "," + LIBRA_EXTENSIONS;
  }
}
