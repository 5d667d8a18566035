package com.whereq.libra.driver.jar;

import com.whereq.libra.driver.launch.Launch;
import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import org.apache.spark.SparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.concurrent.impl.ExecutionContextImpl;

/**
 * The pools of threads that Spark makes for the whole JVM and plans queries on. Their threads would
 * be born into the group of the program that needs them first and keep its classes, for the queries
 * of whoever comes next. So they are made before any program can, and see at each moment the
 * classes of the job whose query they work on.
 */
public final class SparkPools {
  private static final Logger LOG = LoggerFactory.getLogger(SparkPools.class);
  private static final String EXECUTION = "org.apache.spark.sql.execution.";
  private static final List<String> OWNERS =
      List.of(
          EXECUTION + "exchange.BroadcastExchangeExec$",
          EXECUTION + "exchange.ShuffleExchangeExec$",
          EXECUTION + "SubqueryExec$",
          EXECUTION + "SubqueryBroadcastExec$",
          EXECUTION + "adaptive.AdaptiveSparkPlanExec$",
          EXECUTION + "adaptive.ResultQueryStageExec$");

  private static volatile SparkContext context;

  private SparkPools() {}

  /** Once for each context. */
  public static void open(SparkContext live) {
    context = live;
    for (String owner : OWNERS) {
      try {
        Class<?> type = Class.forName(owner, true, SparkPools.class.getClassLoader());
        Object module = type.getField("MODULE$").get(null);
        if (type.getMethod("executionContext").invoke(module)
                instanceof ExecutionContextImpl threads
            && threads.executor() instanceof ThreadPoolExecutor pool
            && !(pool.getThreadFactory() instanceof Threads)) {
          pool.setThreadFactory(new Threads(pool.getThreadFactory(), topGroup()));
        }
      } catch (ReflectiveOperationException | LinkageError e) {
        LOG.debug("This Spark has no pool in {}", owner);
      }
    }
  }

  static ThreadGroup topGroup() {
    ThreadGroup group = Thread.currentThread().getThreadGroup();
    while (group.getParent() != null) {
      group = group.getParent();
    }
    return group;
  }

  private record Threads(ThreadFactory named, ThreadGroup group) implements ThreadFactory {
    @Override
    @SuppressWarnings("removal")
    public Thread newThread(Runnable work) {
      String name = named.newThread(() -> {}).getName();
      // Otherwise the thread remembers whose code was on the stack when it was made, for ever.
      return AccessController.doPrivileged(
          (PrivilegedAction<Thread>) () -> new PoolThread(group, work, name));
    }
  }

  private static final class PoolThread extends Thread {
    PoolThread(ThreadGroup group, Runnable work, String name) {
      super(group, work, name);
      setDaemon(true);
      setContextClassLoader(Launch.classLoader());
    }

    @Override
    public ClassLoader getContextClassLoader() {
      JarLoader loader = JarJob.none() ? null : ofQuery();
      return loader == null ? super.getContextClassLoader() : loader;
    }

    /** Spark hands the properties of the thread that has submitted the query on to its helpers. */
    private static JarLoader ofQuery() {
      JarJob job = JarJob.of(context.getLocalProperties());
      return job == null ? null : job.loader();
    }
  }
}
