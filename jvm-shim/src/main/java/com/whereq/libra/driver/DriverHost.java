package com.whereq.libra.driver;

import com.fasterxml.jackson.databind.JsonNode;
import com.whereq.libra.driver.DriverProtocol.CloseSession;
import com.whereq.libra.driver.DriverProtocol.JobError;
import com.whereq.libra.driver.DriverProtocol.OpenSession;
import com.whereq.libra.driver.DriverProtocol.Reply;
import com.whereq.libra.driver.DriverProtocol.Request;
import com.whereq.libra.driver.error.ErrorTranslator;
import com.whereq.libra.driver.error.JobFailure;
import com.whereq.libra.driver.jar.OutputSwitch;
import com.whereq.libra.driver.job.Jobs;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Spark driver that takes requests and answers by events; {@link DriverProtocol} lists both. The
 * same class serves in the server's own process and behind a socket: only the {@link EventSink}
 * differs.
 */
public final class DriverHost {
  private static final Logger LOG = LoggerFactory.getLogger(DriverHost.class);

  private final EventPump pump;
  private final Jobs jobs;
  private final SparkSupervisor supervisor;
  private final Vitals vitals = Vitals.install();

  /**
   * Reads the requests, one after another. Not on the caller's thread: starting a job's thread
   * waits until the system has scheduled it, which takes milliseconds while all cores are busy.
   */
  private final ExecutorService intake = intake();

  /** Opening a session may wait for a metastore: those behind it wait, and nobody else. */
  private final ExecutorService sessionWork = daemons("libra-sessions", 1);

  private final ExecutorService otherWork = daemons("libra-requests", 2);

  /** The host of the server's own process. */
  public DriverHost(EventListener listener) {
    this(new ListenerSink(listener));
  }

  public DriverHost(EventSink sink) {
    OutputSwitch.install();
    ClassesAhead.load();
    this.pump = new EventPump(sink);
    this.jobs = new Jobs(pump);
    this.supervisor = new SparkSupervisor(pump, jobs, vitals);
  }

  /** Takes one request and returns at once; never throws. */
  public void request(String json) {
    intake.execute(() -> read(json));
  }

  private void read(String json) {
    try {
      handle(Json.MAPPER.readValue(json, Request.class));
    } catch (Exception e) {
      refuse(json, e);
    }
  }

  /** Whoever waits for an answer gets one. The text is not logged: it may hold secrets. */
  private void refuse(String json, Exception cause) {
    LOG.error("A request was refused: {}", cause.getClass().getName());
    String message = "The request was refused: " + cause.getClass().getSimpleName();
    JobError error = new JobError("INTERNAL", message, null, null, null, null, null, false);
    JsonNode request;
    try {
      request = Json.MAPPER.readTree(json);
    } catch (Exception e) {
      return;
    }
    if (request.path("request").asText().equals("start")) {
      pump.accept(new DriverProtocol.StartFailed(message));
    } else if (request.path("request").asText().equals("submit")) {
      pump.accept(new DriverProtocol.Failed(request.path("jobId").asText(), error));
    } else if (request.hasNonNull("requestId")) {
      pump.accept(new Reply(request.get("requestId").asLong(), null, error));
    }
  }

  private void handle(Request request) {
    if (request instanceof DriverProtocol.Start start) {
      supervisor.start(start);
    } else if (request instanceof DriverProtocol.Submit submit) {
      supervisor.working();
      jobs.submit(submit, supervisor.live());
    } else if (request instanceof DriverProtocol.Cancel cancel) {
      jobs.cancel(cancel.jobId());
    } else if (request instanceof OpenSession open) {
      reply(open.requestId(), sessionWork, () -> openSession(open));
    } else if (request instanceof CloseSession close) {
      reply(close.requestId(), sessionWork, () -> closeSession(close));
    } else if (request instanceof DriverProtocol.UnmodifiableKeys keys) {
      reply(keys.requestId(), otherWork, () -> live().sessions().unmodifiable(keys.keys()));
    } else if (request instanceof DriverProtocol.SetPools change) {
      // On this thread: what is submitted after it finds its pool.
      reply(change.requestId(), Runnable::run, () -> setPools(change));
    } else if (request instanceof DriverProtocol.Stats stats) {
      reply(stats.requestId(), otherWork, () -> JvmStatsReader.read(supervisor.live()));
    } else if (request instanceof DriverProtocol.Ping ping) {
      reply(ping.requestId(), otherWork, this::pong);
    } else if (request instanceof DriverProtocol.Stop) {
      supervisor.stop(pump::close);
    }
  }

  private Object openSession(OpenSession request) {
    live().sessions().open(request.sessionId(), request.settings());
    return null;
  }

  private Object closeSession(CloseSession request) {
    LiveSpark spark = live();
    if (spark.python() != null) {
      spark.python().closeSession(request.sessionId());
    }
    spark.sessions().close(request.sessionId());
    return null;
  }

  private Object setPools(DriverProtocol.SetPools request) {
    supervisor.setPools(request.pools());
    return null;
  }

  /** Fails in a driver that is only half alive. */
  private Object pong() {
    LiveSpark spark = supervisor.live();
    String fault = vitals.fault(spark != null && !spark.isStopped());
    if (fault != null) {
      throw new JobFailure("DRIVER_LOST", fault, null, true, null);
    }
    return "pong";
  }

  private LiveSpark live() {
    LiveSpark spark = supervisor.live();
    if (spark == null) {
      throw new IllegalStateException("The driver is not ready");
    }
    return spark;
  }

  private void reply(long requestId, Executor executor, Callable<Object> work) {
    executor.execute(
        () -> {
          Object value = null;
          JobError error = null;
          try {
            value = work.call();
          } catch (Throwable e) {
            error = ErrorTranslator.translate(e, "");
          }
          pump.accept(new Reply(requestId, value, error));
        });
  }

  /** There from the start: all other threads descend from it, and inherit its priority. */
  private static ExecutorService intake() {
    ThreadPoolExecutor intake =
        new ThreadPoolExecutor(
            1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), daemon("libra-intake"));
    intake.prestartAllCoreThreads();
    return intake;
  }

  private static ExecutorService daemons(String name, int threads) {
    return Executors.newFixedThreadPool(threads, daemon(name));
  }

  private static ThreadFactory daemon(String name) {
    return body -> {
      Thread thread = new Thread(body, name);
      thread.setDaemon(true);
      thread.setContextClassLoader(DriverHost.class.getClassLoader());
      return thread;
    };
  }
}
