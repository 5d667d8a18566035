package com.whereq.libra.driver.jar;

import java.io.Closeable;
import java.io.InputStream;
import java.io.PrintStream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.SparkSessionBuilder;
import scala.Function0;
import scala.runtime.BoxedUnit;
import scala.runtime.Nothing$;
import scala.sys.ShutdownHookThread;

/**
 * What rewritten programs call, on the driver and on executors. {@link Replacements} names these
 * methods by their descriptors.
 */
public final class Guard {
  /** How many programs are being ended. On executors always 0. */
  private static volatile int ending;

  private Guard() {}

  /** At the entry of each method and before each jump back: as cheap as can be. */
  public static void check() {
    if (ending != 0) {
      JarJob.endIfAsked();
    }
  }

  /** Whether the calling thread belongs to a program that is being ended. */
  public static boolean isEnding() {
    return ending != 0 && JarJob.isAskedToEnd();
  }

  static synchronized void changeEnding(int by) {
    ending += by;
  }

  /** Before what starts tasks: a thread of the program takes the program's classes with it. */
  public static void bind() {
    JarJob job = JobThreads.jobOf(Thread.currentThread());
    if (job != null) {
      job.bindClasses();
    }
  }

  public static void exit(int status) {
    JarJob job = JarJob.current();
    if (TaskContext.get() != null || job == null) {
      if (job != null) {
        job.exit(status);
      }
      throw new ExitInTask(status);
    }
    job.exit(status);
    throw ProgramEnd.raise();
  }

  public static void exit(Runtime runtime, int status) {
    exit(status);
  }

  public static Nothing$ exitOfScala(int status) {
    exit(status);
    return null;
  }

  public static Nothing$ exitOfScala() {
    return exitOfScala(0);
  }

  public static Nothing$ exitOfScala(Object module, int status) {
    return exitOfScala(status);
  }

  public static Nothing$ exitOfScala(Object module) {
    return exitOfScala(0);
  }

  public static void addShutdownHook(Runtime runtime, Thread hook) {
    JarJob job = JarJob.current();
    if (job != null) {
      job.addHook(hook);
    }
  }

  public static boolean removeShutdownHook(Runtime runtime, Thread hook) {
    JarJob job = JarJob.current();
    return job != null && job.removeHook(hook);
  }

  /** Scala's own method registers with the JVM before anybody can come between. */
  public static ShutdownHookThread addScalaHook(Function0<BoxedUnit> body) {
    ShutdownHookThread hook = scala.sys.package$.MODULE$.addShutdownHook(body);
    if (Runtime.getRuntime().removeShutdownHook(hook)) {
      addShutdownHook(null, hook);
    }
    return hook;
  }

  public static ShutdownHookThread addScalaHook(Object module, Function0<BoxedUnit> body) {
    return addScalaHook(body);
  }

  // Spark goes on when one of its users has done.

  public static void stop(SparkSession session) {}

  public static void stop(org.apache.spark.sql.classic.SparkSession session) {}

  public static void stop(SparkContext context) {}

  public static void stop(SparkContext context, int status) {}

  public static void stop(JavaSparkContext context) {}

  public static void stopStreams(Object streaming) throws Exception {
    stopStreams(streaming, false, false);
  }

  public static void stopStreams(Object streaming, boolean stopContext) throws Exception {
    stopStreams(streaming, false, false);
  }

  public static void stopStreams(Object streaming, boolean stopContext, boolean gracefully)
      throws Exception {
    streaming
        .getClass()
        .getMethod("stop", boolean.class, boolean.class)
        .invoke(streaming, false, gracefully);
  }

  public static void close(Closeable closeable) throws Exception {
    close((AutoCloseable) closeable);
  }

  public static void close(AutoCloseable closeable) throws Exception {
    if (!(closeable instanceof SparkSession || closeable instanceof JavaSparkContext)) {
      closeable.close();
    }
  }

  public static SparkContext context() {
    return JobSessions.context();
  }

  public static SparkContext context(SparkConf conf) {
    return JobSessions.context();
  }

  public static SparkContext context(String master, String name) {
    return JobSessions.context();
  }

  public static SparkContext context(String master, String name, SparkConf conf) {
    return JobSessions.context();
  }

  public static SparkContext context(String master, String name, String home) {
    return JobSessions.context();
  }

  public static SparkContext context(String master, String name, String home, String jar) {
    return JobSessions.context();
  }

  public static SparkContext context(String master, String name, String home, String[] jars) {
    return JobSessions.context();
  }

  public static SparkContext context(
      String master,
      String name,
      String home,
      String[] jars,
      java.util.Map<String, String> environment) {
    return JobSessions.context();
  }

  public static SparkContext context(
      String master, String name, String home, scala.collection.immutable.Seq<String> jars) {
    return JobSessions.context();
  }

  public static SparkContext context(
      String master,
      String name,
      String home,
      scala.collection.immutable.Seq<String> jars,
      scala.collection.Map<String, String> environment) {
    return JobSessions.context();
  }

  public static SparkSession session(SparkSessionBuilder builder) {
    return JobSessions.of(builder);
  }

  public static SparkSession session(SparkSession.Builder builder) {
    return JobSessions.of(builder);
  }

  public static SparkSession session(org.apache.spark.sql.classic.SparkSession.Builder builder) {
    return JobSessions.of(builder);
  }

  public static org.apache.spark.sql.classic.SparkSession classicSession(
      org.apache.spark.sql.classic.SparkSession.Builder builder) {
    return JobSessions.of(builder);
  }

  public static SparkSession newSession(SparkSession session) {
    return JobSessions.ready((org.apache.spark.sql.classic.SparkSession) session.newSession());
  }

  public static SparkSession newSession(org.apache.spark.sql.classic.SparkSession session) {
    return JobSessions.ready(session.newSession());
  }

  public static org.apache.spark.sql.classic.SparkSession newClassicSession(
      org.apache.spark.sql.classic.SparkSession session) {
    return JobSessions.ready(session.newSession());
  }

  public static org.apache.spark.sql.classic.SparkSession cloneSession(
      org.apache.spark.sql.classic.SparkSession session) {
    return JobSessions.ready(session.cloneSession());
  }

  public static void keepDefaultSession() {}

  public static void keepDefaultSession(Object module) {}

  public static void keepDefaultSession(SparkSession session) {}

  public static void keepDefaultSession(org.apache.spark.sql.classic.SparkSession session) {}

  public static void keepDefaultSession(Object module, SparkSession session) {}

  public static void keepDefaultSession(
      Object module, org.apache.spark.sql.classic.SparkSession session) {}

  public static void keepLogLevel(SparkContext context, String level) {}

  public static void keepLogLevel(JavaSparkContext context, String level) {}

  /** Those of the program: others use the context as well. */
  public static void cancelJobs(SparkContext context) {
    JarJob job = JarJob.current();
    if (job != null) {
      job.cancelSparkJobs();
    }
  }

  public static void cancelJobs(JavaSparkContext context) {
    cancelJobs(context.sc());
  }

  public static void clearJobTags(SparkContext context) {
    JarJob job = JarJob.current();
    if (job != null) {
      job.clearTags(context);
    }
  }

  public static void clearJobTags(JavaSparkContext context) {
    clearJobTags(context.sc());
  }

  /** The server's own input is nobody's. */
  public static InputStream in() {
    return InputStream.nullInputStream();
  }

  public static void keepIn(InputStream stream) {}

  /** As later Javas answer: one that a job sets would refuse everything to everybody. */
  @SuppressWarnings("removal")
  public static void keepSecurityManager(SecurityManager manager) {
    throw new UnsupportedOperationException("The driver takes no security manager");
  }

  public static PrintStream out() {
    JarJob job = JobThreads.jobOf(Thread.currentThread());
    return job == null ? System.out : job.stdout();
  }

  public static PrintStream err() {
    JarJob job = JobThreads.jobOf(Thread.currentThread());
    return job == null ? System.err : job.stderr();
  }

  public static void setOut(PrintStream stream) {
    JarJob job = JarJob.current();
    if (job != null) {
      job.replaceStdout(stream);
    }
  }

  public static void setErr(PrintStream stream) {
    JarJob job = JarJob.current();
    if (job != null) {
      job.replaceStderr(stream);
    }
  }

  public static void setUncaughtExceptionHandler(Thread.UncaughtExceptionHandler handler) {
    JarJob job = JarJob.current();
    if (job != null) {
      job.setUncaughtExceptionHandler(handler);
    }
  }
}
