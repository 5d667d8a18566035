package com.whereq.libra.driver.python;

import com.whereq.libra.driver.DriverProtocol.Python;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.SparkConf;

/**
 * What users' code sees of the server's environment: a list of what may pass, not of what may not.
 */
final class PythonEnvironment {
  private static final Set<String> NAMES =
      Set.of(
          "PATH",
          "HOME",
          "USER",
          "LOGNAME",
          "SHELL",
          "LANG",
          "LANGUAGE",
          "TZ",
          "TMPDIR",
          "JAVA_HOME",
          "SPARK_HOME",
          "SPARK_LOCAL_IP",
          "SPARK_LOCAL_DIRS",
          "HADOOP_HOME",
          "HADOOP_CONF_DIR",
          "YARN_CONF_DIR",
          "LD_LIBRARY_PATH",
          "SSL_CERT_FILE",
          "SSL_CERT_DIR",
          "REQUESTS_CA_BUNDLE",
          "HTTP_PROXY",
          "HTTPS_PROXY",
          "NO_PROXY",
          "http_proxy",
          "https_proxy",
          "no_proxy",
          "VIRTUAL_ENV",
          // Not a setting: tells what belongs to the driver process of this folder.
          "LIBRA_DRIVER",
          "PYTHONPATH");

  private PythonEnvironment() {}

  static void fill(Map<String, String> environment, Python runtime, SparkConf conf) {
    environment.keySet().removeIf(name -> !NAMES.contains(name) && !name.startsWith("LC_"));
    // A user id may have no name but the one that this process gave it.
    environment.putIfAbsent("USER", System.getProperty("user.name"));
    environment.putIfAbsent("LOGNAME", System.getProperty("user.name"));
    List<String> path = new ArrayList<>();
    path.add(runtime.runnerDir());
    path.addAll(runtime.path());
    String given = environment.get("PYTHONPATH");
    if (given != null && !given.isEmpty()) {
      path.add(given);
    }
    environment.put("PYTHONPATH", Zygote.joined(path));
    // What Spark's workers are started with; on a cluster another than the driver's.
    environment.put("PYSPARK_PYTHON", conf.get("spark.pyspark.python", runtime.executable()));
    environment.put("PYSPARK_DRIVER_PYTHON", runtime.executable());
    environment.put("PYSPARK_PIN_THREAD", "true");
    // The driver and its workers have to agree where a string goes: portable_hash insists.
    environment.put("PYTHONHASHSEED", "0");
    environment.put("PYTHONIOENCODING", "utf-8");
    environment.put("PYTHONDONTWRITEBYTECODE", "1");
  }
}
