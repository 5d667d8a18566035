package com.whereq.libra.driver.launch;

import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.util.DependencyUtils;
import org.apache.spark.util.ShutdownHookManager;
import org.apache.spark.util.Utils;
import scala.Option;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** {@code spark.jars} and {@code spark.jars.packages}, read as spark-submit reads them. */
final class PackageResolver {
  private static final String JARS = "spark.jars";
  private static final String PACKAGES = "spark.jars.packages";

  private final Map<String, String> settings;
  private final SparkConf conf = new SparkConf(false);
  private final Configuration hadoop;

  PackageResolver(Map<String, String> settings) {
    this.settings = settings;
    settings.forEach(conf::set);
    this.hadoop = SparkHadoopUtil.get().newConfiguration(conf);
  }

  /** Every jar that was asked for, patterns expanded, packages with what they depend on. */
  List<String> jars() throws IOException {
    Set<String> jars = new LinkedHashSet<>();
    String named = settings.getOrDefault(JARS, "");
    if (!named.isBlank()) {
      jars.addAll(split(expand(named)));
    }
    String packages = settings.getOrDefault(PACKAGES, "");
    if (!packages.isBlank()) {
      jars.addAll(resolve(packages));
    }
    return new ArrayList<>(jars);
  }

  /** The jars as files of this machine; those from elsewhere are fetched first. */
  List<URL> fetch(List<String> jars) throws IOException {
    List<URL> urls = new ArrayList<>();
    Path folder = null;
    for (String jar : jars) {
      String local = jar;
      if (!isLocal(jar)) {
        folder = folder == null ? temporaryFolder() : folder;
        local = download(jar, folder);
      }
      urls.add(fileOf(local).toUri().toURL());
    }
    return urls;
  }

  private String expand(String named) throws IOException {
    try {
      return DependencyUtils.resolveGlobPaths(named, hadoop);
    } catch (Exception e) {
      throw failure(JARS + ": " + e.getMessage(), e);
    }
  }

  private List<String> resolve(String packages) throws IOException {
    try {
      Seq<String> found =
          DependencyUtils.resolveMavenDependencies(
              true,
              settings.get("spark.jars.excludes"),
              packages,
              settings.get("spark.jars.repositories"),
              settings.get("spark.jars.ivy"),
              Option.apply(settings.get("spark.jars.ivySettings")));
      return CollectionConverters.asJava(found);
    } catch (Exception e) {
      throw failure(PACKAGES + ": " + packages + ": " + e.getMessage(), e);
    }
  }

  private String download(String jar, Path folder) throws IOException {
    try {
      return DependencyUtils.downloadFile(jar, folder.toFile(), conf, hadoop);
    } catch (Exception e) {
      throw failure(JARS + ": " + jar + " cannot be fetched: " + e.getMessage(), e);
    }
  }

  /** Removed with the JVM, whose class loader reads from it to the end. */
  private static Path temporaryFolder() throws IOException {
    Path folder = Files.createTempDirectory("libra-jars-");
    ShutdownHookManager.registerShutdownDeleteDir(folder.toFile());
    return folder;
  }

  /** Without a cause: what is shown of a failed start is its innermost message. */
  private static IOException failure(String message, Exception reason) {
    IOException failure = new IOException(message);
    failure.addSuppressed(reason);
    return failure;
  }

  private static boolean isLocal(String jar) {
    String scheme = Utils.resolveURI(jar).getScheme();
    return scheme.equals("file") || scheme.equals("local");
  }

  private static Path fileOf(String local) {
    return Path.of(Utils.resolveURI(local).getPath());
  }

  private static List<String> split(String list) {
    return List.of(list.split("\\s*,\\s*"));
  }
}
