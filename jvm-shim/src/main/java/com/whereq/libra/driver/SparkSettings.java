package com.whereq.libra.driver;

import com.whereq.libra.driver.jar.ProgramTasks;
import com.whereq.libra.driver.sql.LibraSparkExtensions;
import com.whereq.libra.driver.sql.SqlPolicy;
import com.whereq.libra.driver.sql.SqlSwitch;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The configuration of a SparkContext: what was asked for, and what the host relies on. */
final class SparkSettings {
  static final String WAREHOUSE = "spark.sql.warehouse.dir";
  static final String EXTENSIONS = "spark.sql.extensions";
  private static final String LIBRA_EXTENSIONS = LibraSparkExtensions.class.getName();

  private static final String PROGRAM_TASKS = ProgramTasks.class.getName();

  private SparkSettings() {}

  static Map<String, String> of(
      Map<String, String> asked, DriverProtocol.SqlPolicy policy, DriverFolder folder) {
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
    conf.merge(
        "spark.plugins",
        PROGRAM_TASKS,
        (plugins, own) -> plugins.contains(own) ? plugins : plugins + "," + own);
    conf.put(EXTENSIONS, withExtensions(conf.get(EXTENSIONS)));
    // Last: what SQL may do is not for the Spark configuration to say.
    conf.putAll(policyConf(policy));
    return conf;
  }

  static boolean isLocal(Map<String, String> conf) {
    String master = conf.getOrDefault("spark.master", "");
    return master.equals("local") || master.startsWith("local[");
  }

  private static String withExtensions(String asked) {
    if (asked == null || asked.isBlank()) {
      return LIBRA_EXTENSIONS;
    }
    return asked.contains(LIBRA_EXTENSIONS) ? asked : asked + "," + LIBRA_EXTENSIONS;
  }

  private static Map<String, String> policyConf(DriverProtocol.SqlPolicy policy) {
    Set<SqlSwitch> open = EnumSet.noneOf(SqlSwitch.class);
    open(open, SqlSwitch.REFLECTION, policy.allowReflection());
    open(open, SqlSwitch.TRANSFORM, policy.allowTransform());
    open(open, SqlSwitch.ADD_RESOURCES, policy.allowAddResources());
    open(open, SqlSwitch.LOCAL_PATHS, policy.allowLocalPaths());
    return SqlPolicy.toConf(open, policy.allowedRoots());
  }

  private static void open(Set<SqlSwitch> switches, SqlSwitch which, boolean allowed) {
    if (allowed) {
      switches.add(which);
    }
  }
}
