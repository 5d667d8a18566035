package com.whereq.libra.driver.launch;

import java.io.IOException;
import java.net.URL;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.util.MutableURLClassLoader;

/**
 * What spark-submit would have done between its JVM's start and the first line of the program:
 * resolve packages, fetch jars, and put both before the driver by a class loader of their own.
 */
public final class Launch {
  private static final String JARS = "spark.jars";

  /** Jars in it stay for the life of the JVM: their classes may be in use. */
  private static MutableURLClassLoader loader;

  private static final Set<URL> KNOWN = new LinkedHashSet<>();

  private Launch() {}

  /**
   * The configuration with packages resolved into {@code spark.jars}, for the executors. The
   * calling thread, and every thread that takes {@link #classLoader()}, sees the classes.
   */
  public static synchronized Map<String, String> prepare(Map<String, String> sparkConf)
      throws IOException {
    PackageResolver resolver = new PackageResolver(sparkConf);
    List<String> jars = resolver.jars();
    Map<String, String> prepared = new LinkedHashMap<>(sparkConf);
    if (!jars.isEmpty()) {
      prepared.put(JARS, String.join(",", jars));
      for (URL url : resolver.fetch(jars)) {
        if (KNOWN.add(url)) {
          open().addURL(url);
        }
      }
    }
    Thread.currentThread().setContextClassLoader(classLoader());
    return prepared;
  }

  /** For the threads that run users' work: Spark looks classes up by the thread's loader. */
  public static synchronized ClassLoader classLoader() {
    return loader == null ? Launch.class.getClassLoader() : loader;
  }

  private static MutableURLClassLoader open() {
    if (loader == null) {
      loader = new MutableURLClassLoader(new URL[0], Launch.class.getClassLoader());
    }
    return loader;
  }
}
