package com.whereq.libra.driver.jar;

import com.whereq.libra.driver.LiveSpark;
import com.whereq.libra.driver.job.ProgramOutput;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.executor.Executor;
import org.apache.spark.sql.classic.SparkSession;

/**
 * One run of a program, as its threads and its tasks in this JVM find it: by their group, or by a
 * property that Spark hands from the thread to its tasks.
 */
final class JarJob {
  static final String PROPERTY = "libra.program";
  private static final Map<String, JarJob> LIVE = new ConcurrentHashMap<>();

  /** How a program ended that did not just return. The first cause wins. */
  record Ending(Integer status, boolean cancelled) {}

  private final String tag;
  private final LiveSpark spark;
  private final SparkSession session;
  private final JarLoader loader;
  private final ProgramOutput output;
  private final JobThreads threads;
  private final List<Thread> hooks = new ArrayList<>();
  private final Set<Thread> mayGoOn = ConcurrentHashMap.newKeySet();
  private volatile PrintStream stdout;
  private volatile PrintStream stderr;
  private volatile Thread.UncaughtExceptionHandler uncaughtHandler;
  private volatile Ending ending;
  private boolean countedAsEnding;

  JarJob(
      String tag, LiveSpark spark, SparkSession session, JarLoader loader, ProgramOutput output) {
    this.tag = tag;
    this.spark = spark;
    this.session = session;
    this.loader = loader;
    this.output = output;
    this.threads = JobThreads.forJob(this);
    LIVE.put(tag, this);
    loader.jobs().add(this);
  }

  /** The job whose code runs on this thread, on the driver or in a task of local mode. */
  static JarJob current() {
    JarJob job = JobThreads.jobOf(Thread.currentThread());
    return job != null || LIVE.isEmpty() ? job : ofTask();
  }

  static boolean none() {
    return LIVE.isEmpty();
  }

  static JarJob of(Properties properties) {
    String tag = properties == null ? null : properties.getProperty(PROPERTY);
    return tag == null ? null : LIVE.get(tag);
  }

  private static JarJob ofTask() {
    TaskContext task = TaskContext.get();
    if (task == null) {
      return of(Executor.taskDeserializationProps().get());
    }
    String tag = task.getLocalProperty(PROPERTY);
    return tag == null ? null : LIVE.get(tag);
  }

  /** The slow half of {@link Guard#check}. */
  static void endIfAsked() {
    TaskContext task = TaskContext.get();
    if (task != null) {
      if (task.isInterrupted()) {
        throw new TaskKilledException("the job was cancelled");
      }
      return;
    }
    if (JobThreads.jobOf(Thread.currentThread()) == null
        ? JarLoader.isAbandoned()
        : isAskedToEnd()) {
      throw ProgramEnd.raise();
    }
  }

  static boolean isAskedToEnd() {
    JarJob job = JobThreads.jobOf(Thread.currentThread());
    return job != null && job.ending != null && !job.mayGoOn.contains(Thread.currentThread());
  }

  JobThreads threads() {
    return threads;
  }

  ProgramOutput output() {
    return output;
  }

  JarLoader loader() {
    return loader;
  }

  LiveSpark spark() {
    return spark;
  }

  SparkSession session() {
    return session;
  }

  Ending ending() {
    return ending;
  }

  /** The calling thread takes the program's classes to the tasks that it starts. */
  void bindClasses() {
    loader.artifacts().bind();
  }

  void exit(int status) {
    if (StackWalker.getInstance()
        .walk(frames -> frames.anyMatch(frame -> frame.getMethodName().equals("<clinit>")))) {
      // A class whose initializer does not end is lost for whoever comes next.
      loader.spoil();
    }
    end(new Ending(status, false));
  }

  void end(Ending how) {
    synchronized (this) {
      if (ending == null) {
        ending = how;
      }
      if (!countedAsEnding) {
        countedAsEnding = true;
        Guard.changeEnding(1);
      }
    }
  }

  /** Nothing of the program is left but what cannot be ended. */
  void forget() {
    LIVE.remove(tag);
    loader.jobs().remove(this);
    release();
    synchronized (this) {
      if (countedAsEnding) {
        Lingering.later(() -> Guard.changeEnding(-1));
      }
    }
  }

  private void release() {
    if (!threads.release()) {
      Lingering.later(this::release);
    }
  }

  void uncaught(Thread thread, Throwable thrown) {
    Thread.UncaughtExceptionHandler handler = uncaughtHandler;
    if (thrown instanceof ProgramEnd || ending != null) {
      return;
    }
    if (handler != null) {
      handler.uncaughtException(thread, thrown);
      return;
    }
    byte[] text =
        ("Exception in thread \"" + thread.getName() + "\" " + ProgramTrace.of(thrown))
            .getBytes(java.nio.charset.StandardCharsets.UTF_8);
    output.stderr(text, 0, text.length);
  }

  void setUncaughtExceptionHandler(Thread.UncaughtExceptionHandler handler) {
    uncaughtHandler = handler;
  }

  synchronized void addHook(Thread hook) {
    if (ending != null) {
      throw new IllegalStateException("Shutdown in progress");
    }
    if (hooks.contains(hook)) {
      throw new IllegalArgumentException("Hook previously registered");
    }
    hooks.add(hook);
  }

  synchronized boolean removeHook(Thread hook) {
    return hooks.remove(hook);
  }

  /** They may be asked for once. */
  synchronized List<Thread> takeHooks() {
    List<Thread> taken = List.copyOf(hooks);
    hooks.clear();
    mayGoOn.addAll(taken);
    return taken;
  }

  void noMoreHooks() {
    mayGoOn.clear();
  }

  void cancelSparkJobs() {
    spark.cancelSparkJobs(tag);
  }

  void clearTags(SparkContext context) {
    context.clearJobTags();
    context.addJobTag(tag);
  }

  PrintStream stdout() {
    return stdout == null ? System.out : stdout;
  }

  PrintStream stderr() {
    return stderr == null ? System.err : stderr;
  }

  void replaceStdout(PrintStream stream) {
    stdout = stream == System.out ? null : stream;
  }

  void replaceStderr(PrintStream stream) {
    stderr = stream == System.err ? null : stream;
  }
}
