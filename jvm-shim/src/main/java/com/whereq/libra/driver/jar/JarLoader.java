package com.whereq.libra.driver.jar;

import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ForkJoinWorkerThread;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.serializer.Serializer;

/**
 * The classes of one rewritten jar. All runs of the jar share it, and so its static fields: what
 * Spark and the JVM have learnt about the classes is not thrown away with each run.
 */
final class JarLoader extends URLClassLoader {
  static {
    registerAsParallelCapable();
  }

  private final RewrittenJar jar;
  private final ProgramArtifacts artifacts;
  private final Set<JarJob> jobs = ConcurrentHashMap.newKeySet();
  private final Set<ClassLoader> above = ConcurrentHashMap.newKeySet();
  private volatile boolean spoiled;
  private Serializer serializer;

  JarLoader(RewrittenJar jar, ProgramArtifacts artifacts, ClassLoader parent) {
    super(new URL[] {url(jar.file())}, parent);
    this.jar = jar;
    this.artifacts = artifacts;
  }

  RewrittenJar jar() {
    return jar;
  }

  ProgramArtifacts artifacts() {
    return artifacts;
  }

  Set<JarJob> jobs() {
    return jobs;
  }

  /** Whether the class is one of the jar's own; the JVM remembers those of others here as well. */
  boolean hasLoaded(String name) {
    Class<?> type = findLoadedClass(name);
    return type != null && type.getClassLoader() == this;
  }

  /** The loader that Spark has made for tasks of the jar in this JVM. */
  void addAbove(ClassLoader tasks) {
    above.add(tasks);
  }

  Set<ClassLoader> all() {
    Set<ClassLoader> all = new HashSet<>(above);
    all.add(this);
    return all;
  }

  /** Reads what its tasks answer. */
  synchronized Serializer serializer(SparkEnv env) {
    if (serializer == null) {
      try {
        serializer =
            env.serializer()
                .getClass()
                .getConstructor(SparkConf.class)
                .newInstance(env.conf())
                .setDefaultClassLoader(this);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("the serializer cannot be made again", e);
      }
    }
    return serializer;
  }

  /** Its classes are in no state for another run. */
  void spoil() {
    spoiled = true;
  }

  boolean isSpoiled() {
    return spoiled;
  }

  /**
   * Whether the code that asks belongs to a jar all of whose programs have ended: on a pool of the
   * JVM itself nothing else tells whose it is.
   */
  static boolean isAbandoned() {
    if (!(Thread.currentThread() instanceof ForkJoinWorkerThread)) {
      // Spark's own threads call code of programs as well, for the text of a value: they must live.
      return false;
    }
    JarLoader loader =
        StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
            .walk(
                frames ->
                    frames
                        .map(frame -> frame.getDeclaringClass().getClassLoader())
                        .filter(JarLoader.class::isInstance)
                        .map(JarLoader.class::cast)
                        .findFirst()
                        .orElse(null));
    return loader != null && loader.jobs.stream().allMatch(job -> job.ending() != null);
  }

  @Override
  public String toString() {
    return "the classes of a program";
  }

  private static URL url(Path file) {
    try {
      return file.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalStateException("a file has no URL", e);
    }
  }
}
