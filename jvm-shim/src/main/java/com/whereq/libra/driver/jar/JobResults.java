package com.whereq.libra.driver.jar;

import com.whereq.libra.driver.launch.Launch;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.scheduler.TaskResultGetter;
import org.apache.spark.scheduler.TaskSchedulerImpl;
import org.apache.spark.scheduler.TaskSetManager;
import org.apache.spark.serializer.Serializer;
import org.apache.spark.serializer.SerializerInstance;
import scala.Enumeration;
import scala.Option;

/**
 * Reads the results of tasks with the classes of the program that they belong to. Spark's own
 * threads for that know no program, and find no class of one.
 */
public final class JobResults extends TaskResultGetter {
  private static final ThreadLocal<JarLoader> LOADER = new ThreadLocal<>();

  private final SparkEnv env;
  private ExecutorService threads;
  private ThreadLocal<SerializerInstance> ofResults;
  private ThreadLocal<SerializerInstance> ofTasks;

  private JobResults(SparkEnv env, TaskSchedulerImpl scheduler) {
    super(env, scheduler);
    this.env = env;
  }

  /** To be called before the first task. */
  public static void install(SparkContext context) {
    if (context.taskScheduler() instanceof TaskSchedulerImpl scheduler) {
      TaskResultGetter before = scheduler.taskResultGetter();
      scheduler.taskResultGetter_$eq(new JobResults(context.env(), scheduler));
      before.stop();
      // What is read outside of tasks goes by the thread's loader, and not by one for everything.
      context.env().serializer().defaultClassLoader_$eq(Option.empty());
    }
  }

  @Override
  public void enqueueSuccessfulTask(TaskSetManager tasks, long id, ByteBuffer data) {
    with(tasks, () -> super.enqueueSuccessfulTask(tasks, id, data));
  }

  @Override
  public void enqueueFailedTask(
      TaskSetManager tasks, long id, Enumeration.Value state, ByteBuffer data) {
    with(tasks, () -> super.enqueueFailedTask(tasks, id, state, data));
  }

  private static void with(TaskSetManager tasks, Runnable enqueue) {
    JarJob job = JarJob.of(tasks.taskSet().properties());
    if (job == null) {
      enqueue.run();
      return;
    }
    LOADER.set(job.loader());
    try {
      enqueue.run();
    } finally {
      LOADER.remove();
    }
  }

  @Override
  public synchronized ExecutorService getTaskResultExecutor() {
    if (threads == null) {
      threads = new Threads(env.conf().getInt("spark.resultGetter.threads", 4));
    }
    return threads;
  }

  @Override
  public synchronized ThreadLocal<SerializerInstance> serializer() {
    if (ofTasks == null) {
      ofTasks = new OfProgram(super.serializer(), loader -> env.closureSerializer());
    }
    return ofTasks;
  }

  @Override
  public synchronized ThreadLocal<SerializerInstance> taskResultSerializer() {
    if (ofResults == null) {
      ofResults = new OfProgram(super.taskResultSerializer(), loader -> loader.serializer(env));
    }
    return ofResults;
  }

  @Override
  public void stop() {
    super.getTaskResultExecutor().shutdownNow();
    getTaskResultExecutor().shutdownNow();
  }

  /** An instance for each result of a program, the thread's own one for all others. */
  private static final class OfProgram extends ThreadLocal<SerializerInstance> {
    private final ThreadLocal<SerializerInstance> otherwise;
    private final Function<JarLoader, Serializer> serializers;

    OfProgram(
        ThreadLocal<SerializerInstance> otherwise, Function<JarLoader, Serializer> serializers) {
      this.otherwise = otherwise;
      this.serializers = serializers;
    }

    @Override
    public SerializerInstance get() {
      JarLoader loader = LOADER.get();
      return loader == null ? otherwise.get() : serializers.apply(loader).newInstance();
    }
  }

  /** Hands the program on from the thread that enqueues. */
  private static final class Threads extends ThreadPoolExecutor {
    private static final AtomicInteger COUNT = new AtomicInteger();

    Threads(int count) {
      super(
          count,
          count,
          60,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          body -> {
            Thread thread = new Thread(body, "task-result-getter-" + COUNT.getAndIncrement());
            thread.setDaemon(true);
            thread.setContextClassLoader(Launch.classLoader());
            return thread;
          });
    }

    @Override
    public void execute(Runnable work) {
      JarLoader loader = LOADER.get();
      super.execute(loader == null ? work : () -> with(loader, work));
    }

    private static void with(JarLoader loader, Runnable work) {
      Thread thread = Thread.currentThread();
      ClassLoader before = thread.getContextClassLoader();
      LOADER.set(loader);
      thread.setContextClassLoader(loader);
      try {
        work.run();
      } finally {
        thread.setContextClassLoader(before);
        LOADER.remove();
      }
    }
  }
}
