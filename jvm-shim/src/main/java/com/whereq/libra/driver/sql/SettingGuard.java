package com.whereq.libra.driver.sql;

import java.util.Locale;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/** Settings that would change what a session may do, whether they come by SET or with a job. */
public final class SettingGuard {
  private static final String NO_SWITCH =
      "It can be set in `spark.config` of the server's configuration only.";

  /** Guards that a session could switch off for itself. */
  private static final Pattern GUARDS =
      Pattern.compile(
          "spark\\.libra\\..*"
              + "|spark\\.redaction\\..*|spark\\.sql\\.redaction\\..*"
              + "|spark\\.sql\\.legacy\\.setcommandrejectssparkcoreconfs"
              // Another analyzer, which does not ask the rules of extensions.
              + "|spark\\.sql\\.analyzer\\.singlepassresolver\\..*"
              + "|spark\\.sql\\.extensions");

  /** Keys whose value is a class that Spark or Hadoop then makes an object of. */
  private static final Pattern CLASSES =
      Pattern.compile(
          "spark\\.sql\\.catalog\\..*|.*\\.[a-z.]*class|.*\\.classes|.*\\.classname"
              + "|io\\.compression\\.codecs|io\\.serializations");

  /** Where names of file systems and credentials come from. */
  private static final Pattern HADOOP =
      Pattern.compile(
          "fs\\.defaultfs|fs\\.default\\.name|fs\\.[^.]+\\.impl|fs\\.abstractfilesystem\\..*"
              + "|fs\\.viewfs\\..*|fs\\.client\\..*|hadoop\\..*|dfs\\..*\\.impl");

  private final SqlPolicy policy;
  private final PathGuard paths;

  SettingGuard(SqlPolicy policy, PathGuard paths) {
    this.policy = policy;
    this.paths = paths;
  }

  /**
   * Refuses a setting that a client must not change; for those that come with a job or a session
   * and so do not pass through SET.
   */
  public static void check(SparkConf conf, String key, String value) {
    Guards.of(conf).settings().check(key, value);
  }

  void check(String key, String value) {
    String name = key.toLowerCase(Locale.ROOT);
    if (GUARDS.matcher(name).matches()) {
      throw new SqlRefusedException("The setting " + key + " cannot change here.", NO_SWITCH);
    }
    String plain =
        name.startsWith("spark.hadoop.") ? name.substring("spark.hadoop.".length()) : name;
    checkHadoop(plain);
    if (CLASSES.matcher(plain).matches()) {
      policy.require(SqlSwitch.ADD_RESOURCES, "The setting " + key + " loads a class: refused.");
    }
    if (value == null) {
      return;
    }
    if (name.equals("spark.sql.sources.default") && value.contains(".")) {
      policy.require(SqlSwitch.ADD_RESOURCES, "A data source by class name is refused.");
    }
    if (name.equals("spark.sql.streaming.checkpointlocation")) {
      paths.check(value, PathGuard.Base.WORKING_DIRECTORY);
    }
    VariableGuard.check(policy, value);
  }

  void checkHadoop(String name) {
    if (HADOOP.matcher(name).matches()) {
      policy.require(
          SqlSwitch.LOCAL_PATHS,
          "The setting " + name + " changes which files a path leads to: refused.");
    }
  }
}
