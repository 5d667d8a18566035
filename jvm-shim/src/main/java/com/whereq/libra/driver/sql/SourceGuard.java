package com.whereq.libra.driver.sql;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** Data sources and their options: classes by name, databases inside the JVM, paths. */
final class SourceGuard {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Old full names that Spark itself maps to what it brings along. */
  private static final Pattern KNOWN_PROVIDER =
      Pattern.compile(
          "org\\.apache\\.spark\\.sql\\.(avro|csv|jdbc|json|orc|parquet|text)"
              + "|com\\.databricks\\.spark\\.(avro|csv)");

  /** Serializers and formats of Hive's own world. */
  private static final Pattern KNOWN_FORMAT =
      Pattern.compile("org\\.apache\\.(hadoop|hive|parquet|orc|avro)\\..*|parquet\\.hive\\..*");

  /** Names of options whose value is a path, in lower case. */
  private static final Set<String> PATH_OPTIONS =
      Set.of(
          "path",
          "location",
          "checkpointlocation",
          "basepath",
          "rowvalidationxsdpath",
          "avroschemaurl",
          "avro.schema.url",
          "descfilepath",
          "keytab",
          "filepath",
          "cleansource.archivedir",
          "sourcearchivedir");

  /** Databases that live in the JVM which opens them, and so on its disk. */
  private static final Pattern EMBEDDED_DATABASE =
      Pattern.compile("derby|h2|hsqldb|sqlite|duckdb|ucanaccess|calcite|avatica|apache");

  /** `jdbc:postgresql://host`, `jdbc:jtds:sqlserver://host`, `jdbc:oracle:thin:@host`. */
  private static final Pattern NETWORK_DATABASE =
      Pattern.compile(
          "jdbc:[a-z0-9+_-]+(:[a-z0-9+_-]+)*:(//[^/?;].*|(thin|oci):.*@.*)", Pattern.DOTALL);

  /** Parameters with which known drivers load a class or read a file of the client. */
  private static final Pattern DRIVER_BREAK_OUT =
      Pattern.compile(
          "socketfactory|sslfactory|sslhostnameverifier|sslpasswordcallback|loggerfile"
              + "|authenticationpluginclassname|jaasapplicationname|autodeserialize"
              + "|allowloadlocalinfile|allowurlinlocalinfile|queryinterceptors"
              + "|statementinterceptors|detectcustomcollations|clientreroute|jndi"
              + "|credentialsprovider|pluginclass");

  private final SqlPolicy policy;
  private final PathGuard paths;
  private final SettingGuard settings;

  SourceGuard(SqlPolicy policy, PathGuard paths, SettingGuard settings) {
    this.policy = policy;
    this.paths = paths;
    this.settings = settings;
  }

  void checkProvider(String name) {
    if (name.contains(".") && !KNOWN_PROVIDER.matcher(name).matches()) {
      policy.require(
          SqlSwitch.ADD_RESOURCES, "A data source by class name (" + name + ") is refused.");
    }
  }

  /** A serde, an input or an output format of a Hive table. */
  void checkFormatClass(String name) {
    if (!KNOWN_FORMAT.matcher(name).matches()) {
      policy.require(SqlSwitch.ADD_RESOURCES, "A format by class name (" + name + ") is refused.");
    }
  }

  void checkOption(String key, String value, PathGuard.Base base) {
    String name = key.toLowerCase(Locale.ROOT);
    // The catalog keeps options as properties with this prefix and takes them back from there.
    name = name.startsWith("option.") ? name.substring("option.".length()) : name;
    if (value == null) {
      return;
    }
    if (PATH_OPTIONS.contains(name)) {
      paths.check(value, base);
    } else if (name.equals("paths")) {
      checkPathList(value, base);
    } else if (value.regionMatches(true, 0, "file:", 0, "file:".length())) {
      paths.check(value, base);
    }
    checkJdbc(value.trim().toLowerCase(Locale.ROOT));
    // Spark lays the options of a source over its Hadoop configuration.
    settings.checkHadoop(name);
  }

  private void checkPathList(String value, PathGuard.Base base) {
    try {
      for (JsonNode path : JSON.readTree(value)) {
        paths.check(path.asText(), base);
      }
    } catch (JsonProcessingException notAList) {
      paths.check(value, base);
    }
  }

  private void checkJdbc(String url) {
    if (!url.startsWith("jdbc:")) {
      return;
    }
    String[] parts = url.split(":", 3);
    if (EMBEDDED_DATABASE.matcher(parts[1]).matches() || !NETWORK_DATABASE.matcher(url).matches()) {
      policy.require(
          SqlSwitch.LOCAL_PATHS,
          "A database inside the server (jdbc:" + parts[1] + ") is refused.");
    }
    if (DRIVER_BREAK_OUT.matcher(url).find()) {
      policy.require(
          SqlSwitch.ADD_RESOURCES,
          "A JDBC address whose parameters load classes or read files is refused.");
    }
  }
}
