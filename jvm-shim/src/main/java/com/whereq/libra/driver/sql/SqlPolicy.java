package com.whereq.libra.driver.sql;

import java.io.File;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkContext$;
import scala.Option;

/**
 * What SQL may do on this driver. It is read from the SparkConf of the context, which no statement
 * can change, and never from a session, where SET could.
 */
public final class SqlPolicy {
  static final String PREFIX = "spark.libra.sql.";
  static final String ALLOWED_ROOTS = PREFIX + "allowedRoots";

  /** Not with `spark.` in front: Spark copies such settings of a session into its properties. */
  private static final String PROGRAM_PROPERTY = "libra.codeOfAProgram";

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

  /**
   * Says whether what the current thread does from now on, and the threads that it starts, is a
   * program. A program can open files and run others without Spark: refusing it the same through
   * Spark would protect nothing, and break code that works elsewhere.
   */
  public static void bindThread(SparkContext context, boolean program) {
    context.setLocalProperty(PROGRAM_PROPERTY, program ? "true" : null);
  }

  private static boolean isProgram() {
    Option<SparkContext> context = SparkContext$.MODULE$.getActive();
    return context.isDefined() && context.get().getLocalProperty(PROGRAM_PROPERTY) != null;
  }

  boolean allows(SqlSwitch which) {
    return open.contains(which) || isProgram();
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
