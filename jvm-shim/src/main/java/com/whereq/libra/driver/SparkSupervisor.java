package com.whereq.libra.driver;

import com.whereq.libra.driver.DriverProtocol.ContextLost;
import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.Ready;
import com.whereq.libra.driver.DriverProtocol.StartFailed;
import com.whereq.libra.driver.DriverProtocol.Stopped;
import com.whereq.libra.driver.error.ErrorTranslator;
import com.whereq.libra.driver.job.Jobs;
import com.whereq.libra.driver.job.WarmUp;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one SparkContext alive.
 *
 * <pre>
 *   (none) ──start──▶ live ──the context ends by itself──▶ (none) ──new context──▶ live
 *      any of them ──stop──▶ stopped, for good
 * </pre>
 *
 * All steps run on one thread, one after another; {@link #live} is what others see.
 */
final class SparkSupervisor {
  private static final Logger LOG = LoggerFactory.getLogger(SparkSupervisor.class);
  private static final long FIRST_DELAY_MILLIS = 250;
  private static final long MAX_DELAY_MILLIS = 30_000;
  private static final long WATCH_MILLIS = 1000;

  private final Consumer<Event> events;
  private final Jobs jobs;
  private final Vitals vitals;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final ExecutorService steps;
  private volatile Thread stepThread;
  private volatile LiveSpark live;
  private volatile WarmUp warmUp;
  private SparkFactory factory;
  private List<DriverProtocol.Pool> pools;

  SparkSupervisor(Consumer<Event> events, Jobs jobs, Vitals vitals) {
    this.events = events;
    this.jobs = jobs;
    this.vitals = vitals;
    this.steps =
        Executors.newSingleThreadExecutor(
            body -> {
              stepThread = new Thread(body, "libra-spark");
              stepThread.setDaemon(true);
              stepThread.setContextClassLoader(SparkSupervisor.class.getClassLoader());
              return stepThread;
            });
  }

  /** Null while no context answers. */
  LiveSpark live() {
    return live;
  }

  void start(DriverProtocol.Start request) {
    setPools(request.pools());
    steps.execute(() -> startStep(request));
  }

  /** In force from now on, in this context and in all that follow it. */
  synchronized void setPools(List<DriverProtocol.Pool> wanted) {
    pools = wanted;
    if (live != null) {
      live.pools().set(wanted);
    }
  }

  /** Real work comes: the warm-up is over. */
  void working() {
    WarmUp current = warmUp;
    if (current != null) {
      warmUp = null;
      current.yieldToWork();
    }
  }

  /** Once: whoever asks again waits for the same {@code stopped}. */
  synchronized void stop(Runnable afterwards) {
    if (isStopping()) {
      return;
    }
    stopping.countDown();
    jobs.stop();
    LiveSpark current = live;
    if (current == null && stepThread != null) {
      // A start that waits for a master that does not answer.
      stepThread.interrupt();
    }
    steps.execute(
        () -> {
          stopStep();
          afterwards.run();
        });
    steps.shutdown();
  }

  private boolean isStopping() {
    return stopping.getCount() == 0;
  }

  private void startStep(DriverProtocol.Start request) {
    if (live != null || isStopping()) {
      events.accept(new StartFailed("The driver has been started or stopped already"));
      return;
    }
    try {
      NamelessUser.giveName();
      factory = new SparkFactory(request, events);
      LiveSpark spark = factory.create(poolsOfNow(), this::contextEnded);
      watch();
      begin(spark);
    } catch (Throwable e) {
      LOG.error("Spark could not start", e);
      events.accept(new StartFailed(ErrorTranslator.rootMessage(e)));
    }
  }

  private synchronized List<DriverProtocol.Pool> poolsOfNow() {
    return pools;
  }

  /** With pools that may have changed while the context was made. */
  private synchronized void goLive(LiveSpark spark) {
    spark.pools().set(pools);
    live = spark;
  }

  private void begin(LiveSpark spark) {
    goLive(spark);
    vitals.watchThreads();
    events.accept(ready(spark));
    warmUp = new WarmUp(spark);
    warmUp.start();
  }

  /**
   * Spark stops the context when a listener queue runs out of memory, and the queue that would tell
   * us may be the one: so the context is asked as well.
   */
  private void watch() {
    Thread watch =
        new Thread(
            () -> {
              try {
                while (!stopping.await(WATCH_MILLIS, TimeUnit.MILLISECONDS)) {
                  LiveSpark current = live;
                  if (current != null && current.isStopped()) {
                    contextEnded();
                  }
                }
              } catch (InterruptedException e) {
                LOG.debug("Nobody watches the context any more");
              }
            },
            "libra-watch");
    watch.setDaemon(true);
    watch.start();
  }

  /** On Spark's listener thread, which must not wait: the context's stop waits for it. */
  private void contextEnded() {
    if (!isStopping()) {
      try {
        steps.execute(this::replaceStep);
      } catch (java.util.concurrent.RejectedExecutionException e) {
        LOG.debug("The context ended while the host stops");
      }
    }
  }

  private void replaceStep() {
    LiveSpark dead = live;
    if (dead == null || !dead.isStopped() || isStopping()) {
      return;
    }
    live = null;
    String cause =
        "The SparkContext ended: stopped, removed by the master, or out of memory (see the log)";
    LOG.error("{}; a new one is made", cause);
    jobs.loseAll(cause);
    events.accept(new ContextLost(cause));
    long delay = FIRST_DELAY_MILLIS;
    try {
      while (!stopping.await(delay, TimeUnit.MILLISECONDS)) {
        if (tryAgain(dead)) {
          return;
        }
        delay = Math.min(MAX_DELAY_MILLIS, delay * 2);
      }
    } catch (InterruptedException e) {
      LOG.info("The new context is not made: the host stops");
    }
  }

  private boolean tryAgain(LiveSpark dead) {
    try {
      dead.stop();
      begin(factory.create(poolsOfNow(), this::contextEnded));
      return true;
    } catch (Throwable e) {
      LOG.warn("A new SparkContext could not be made yet: {}", ErrorTranslator.rootMessage(e));
      return false;
    }
  }

  private void stopStep() {
    LiveSpark current = live;
    live = null;
    try {
      if (current != null) {
        current.stop();
      }
    } catch (Throwable e) {
      LOG.error("Spark did not stop cleanly", e);
    }
    events.accept(new Stopped());
  }

  private static Ready ready(LiveSpark spark) {
    var context = spark.context();
    return new Ready(
        context.applicationId(),
        context.version(),
        scala.util.Properties.versionNumberString(),
        System.getProperty("java.version"),
        context.master(),
        context.uiWebUrl().getOrElse(() -> null),
        context.defaultParallelism());
  }
}
