package com.whereq.libra.driver.sql;

import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.sql.internal.SQLConf;

/**
 * Spark replaces `${…}` in the text of a statement, and `${env:…}` and `${system:…}` show the
 * environment and the properties of the whole server.
 */
final class VariableGuard {
  /** The same form as org.apache.spark.internal.config.ConfigReader. */
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{(?:(\\w+?):)?(\\S+?)\\}");

  private static final Set<String> OF_THE_SERVER = Set.of("env", "system");
  private static final Pattern SECRET =
      Pattern.compile("(?i)secret|password|token|access.?key|credential");

  /** Values refer to further values; Spark stops at a cycle, this at a depth. */
  private static final int MAX_DEPTH = 8;

  private VariableGuard() {}

  static void check(SqlPolicy policy, String text) {
    if (text.contains("${") && !policy.allows(SqlSwitch.REFLECTION)) {
      check(text, SQLConf.get(), 0);
    }
  }

  private static void check(String text, SQLConf conf, int depth) {
    Matcher reference = REFERENCE.matcher(text);
    while (reference.find()) {
      String source = reference.group(1);
      String name = reference.group(2);
      if (source != null && OF_THE_SERVER.contains(source)) {
        throw new SqlRefusedException(
            "${" + source + ":…} reads the environment of the server: refused.",
            SqlSwitch.REFLECTION);
      }
      if (SECRET.matcher(name).find()) {
        throw new SqlRefusedException(
            "${" + name + "} reads a secret setting of the server: refused.", SqlSwitch.REFLECTION);
      }
      String value = conf.getConfString(name, "");
      if (value.contains("${") && depth < MAX_DEPTH) {
        check(value, conf, depth + 1);
      }
    }
  }
}
