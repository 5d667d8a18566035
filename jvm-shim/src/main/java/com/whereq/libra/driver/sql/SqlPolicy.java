package com.whereq.libra.driver.sql;

import java.io.File;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.SparkConf;

/**
 * What SQL may do on this driver. It is read from the SparkConf of the context, which no statement
 * can change, and never from a session, where SET could.
 */
public final class SqlPolicy {
  static final String PREFIX = "spark.libra.sql.";
  static final String ALLOWED_ROOTS = PREFIX + "allowedRoots";

  private final Set<SqlSwitch> open;
  private final List<String> allowedRoots;

  private SqlPolicy(Set<SqlSwitch> open, List<String> allowedRoots) {
    this.open = open;
    this.allowedRoots = allowedRoots;
  }

  public static SqlPolicy of(SparkConf conf) {
    Set<SqlSwitch> open = EnumSet.noneOf(SqlSwitch.class);
    for (SqlSwitch each : SqlSwitch.values()) {
      if (conf.getBoolean(each.confKey(), false)) {
        open.add(each);
      }
    }
    String roots = conf.get(ALLOWED_ROOTS, "");
    return new SqlPolicy(
        open, roots.isEmpty() ? List.of() : List.of(roots.split(File.pathSeparator)));
  }

  /** The entries of a SparkConf that stand for a policy; {@link #of} reads them back. */
  public static Map<String, String> toConf(Set<SqlSwitch> open, List<String> allowedRoots) {
    Map<String, String> conf = new LinkedHashMap<>();
    for (SqlSwitch each : SqlSwitch.values()) {
      conf.put(each.confKey(), Boolean.toString(open.contains(each)));
    }
    conf.put(ALLOWED_ROOTS, String.join(File.pathSeparator, allowedRoots));
    return conf;
  }

  boolean allows(SqlSwitch which) {
    return open.contains(which);
  }

  List<String> allowedRoots() {
    return allowedRoots;
  }

  /** Stops the statement unless the switch is open. */
  void require(SqlSwitch which, String what) {
    if (!allows(which)) {
      throw new SqlRefusedException(what, which);
    }
  }
}
