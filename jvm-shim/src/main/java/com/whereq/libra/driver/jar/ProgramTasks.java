package com.whereq.libra.driver.jar;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import scala.Option;

/**
 * Looks after the tasks of programs in each executor, and in the driver in local mode: a killed
 * task that does not hear its interrupt is ended by the checks in its code.
 */
public final class ProgramTasks implements SparkPlugin {
  @Override
  public DriverPlugin driverPlugin() {
    return null;
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new OnExecutor();
  }

  private static final class OnExecutor implements ExecutorPlugin {
    private static final long TICK_MILLIS = 200;

    private final Map<Thread, TaskContext> running = new ConcurrentHashMap<>();
    private final Map<Thread, TaskContext> killed = new ConcurrentHashMap<>();
    private volatile boolean closed;

    @Override
    public void init(PluginContext context, Map<String, String> extra) {
      // Broadcasts and cached blocks are read with the classes of the task that asks for them, and
      // not with those that were there when the executor started.
      SparkEnv.get().serializer().defaultClassLoader_$eq(Option.empty());
      Thread watch = new Thread(this::watch, "libra-program-tasks");
      watch.setDaemon(true);
      watch.setContextClassLoader(ProgramTasks.class.getClassLoader());
      watch.start();
    }

    @Override
    public void onTaskStart() {
      TaskContext task = TaskContext.get();
      if (task != null && task.getLocalProperty(JarJob.PROPERTY) != null) {
        running.put(Thread.currentThread(), task);
      }
    }

    @Override
    public void onTaskSucceeded() {
      ended();
    }

    @Override
    public void onTaskFailed(TaskFailedReason reason) {
      ended();
    }

    @Override
    public void shutdown() {
      closed = true;
    }

    private void ended() {
      Thread thread = Thread.currentThread();
      running.remove(thread);
      synchronized (killed) {
        if (killed.remove(thread) != null) {
          Guard.changeEnding(-1);
        }
      }
    }

    private void watch() {
      try {
        while (!closed) {
          Thread.sleep(TICK_MILLIS);
          running.forEach(this::arm);
        }
      } catch (InterruptedException e) {
        closed = true;
      }
    }

    private void arm(Thread thread, TaskContext task) {
      synchronized (killed) {
        if (task.isInterrupted()
            && running.get(thread) == task
            && killed.put(thread, task) == null) {
          Guard.changeEnding(1);
        }
      }
    }
  }
}
