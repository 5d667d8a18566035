package com.whereq.libra.driver.job;

import com.whereq.libra.driver.DriverProtocol.Cancelled;
import com.whereq.libra.driver.DriverProtocol.EndEvent;
import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.Failed;
import com.whereq.libra.driver.DriverProtocol.JobError;
import com.whereq.libra.driver.DriverProtocol.Lost;
import com.whereq.libra.driver.DriverProtocol.Started;
import com.whereq.libra.driver.DriverProtocol.Submit;
import com.whereq.libra.driver.DriverProtocol.Succeeded;
import com.whereq.libra.driver.LiveSpark;
import com.whereq.libra.driver.error.ErrorTranslator;
import com.whereq.libra.driver.jar.JarClass;
import com.whereq.libra.driver.python.PythonJob;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of one job.
 *
 * <pre>
 *   RUNNING ──body returns or throws──▶ ENDING ──▶ ENDED (succeeded, failed)
 *      └──cancel──▶ CANCELLING ──thread and tasks have ended──▶ ENDED (cancelled)
 *   any of them ──the context ends──▶ ENDED (lost)
 * </pre>
 *
 * Each step is one compare-and-set, so that there is exactly one end whoever else wants one: a
 * cancel that comes after the body has returned comes too late, and an outcome that comes after a
 * cancel is thrown away with its rows. ENDED is entered by {@link #end} alone.
 */
final class JobRun {
  private static final Logger LOG = LoggerFactory.getLogger(JobRun.class);

  private static final AtomicLong ATTEMPTS = new AtomicLong();

  private enum Phase {
    RUNNING,
    CANCELLING,
    ENDING,
    ENDED
  }

  private final Submit request;
  private final LiveSpark spark;
  private final Consumer<Event> events;
  private final Consumer<JobRun> onEnded;
  private final Function<String, JobError> lossOf;
  private final String tag;
  private final JobBody body;
  private final JobTasks tasks;
  private final JobThread thread;
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.RUNNING);

  JobRun(
      Submit request,
      LiveSpark spark,
      Consumer<Event> events,
      Consumer<JobRun> onEnded,
      Function<String, JobError> lossOf) {
    this.request = request;
    this.spark = spark;
    this.events = events;
    this.onEnded = onEnded;
    this.lossOf = lossOf;
    // A retry has the same job id, and what comes with the tag of an ended attempt is cancelled.
    this.tag = "libra-" + request.jobId() + "-" + ATTEMPTS.incrementAndGet();
    this.body = bodyOf(new JobScope(request, tag, spark, events));
    this.tasks = spark.ledger().register(request.jobId(), tag);
    this.thread = new JobThread(request.jobId(), this::run);
  }

  String jobId() {
    return request.jobId();
  }

  String tag() {
    return tag;
  }

  LiveSpark spark() {
    return spark;
  }

  JobThread thread() {
    return thread;
  }

  boolean hasEnded() {
    return phase.get() == Phase.ENDED;
  }

  boolean tasksHaveEnded() {
    return spark.ledger().isQuiet(tasks);
  }

  void start() {
    events.accept(new Started(request.jobId()));
    thread.start();
  }

  /** Harmless when the job has ended or is being cancelled. */
  void cancel() {
    if (phase.compareAndSet(Phase.RUNNING, Phase.CANCELLING)) {
      new JobCanceller(this).start();
    }
  }

  /** Asks the job's thread, and what the body has beside it, to end. */
  void stop() {
    thread.stopPlanning();
    body.stop();
    thread.interrupt();
  }

  /** No Spark job of this one starts any more. */
  void condemnTasks() {
    spark.ledger().condemn(tasks);
  }

  /** Called by the canceller when nothing of the job is left. */
  void cancelled() {
    body.discard();
    end(new Cancelled(request.jobId()));
  }

  /** The context is gone, and the job with it. */
  void lose(JobError error) {
    if (end(new Lost(request.jobId(), error))) {
      body.discard();
      stop();
    }
  }

  private void run() {
    EndEvent outcome = outcome();
    boolean stored = false;
    if (phase.compareAndSet(Phase.RUNNING, Phase.ENDING)) {
      if (!(outcome instanceof Succeeded)) {
        spark.cancelSparkJobs(tag);
        body.discard();
      }
      stored = end(outcome) && outcome instanceof Succeeded;
    }
    if (!request.kind().equals("sql")) {
      Descriptors.collectWhenShort();
    }
    // Cancelled: the canceller removes the result when the tasks have ended as well. Lost: the
    // thread may have written since.
    if (!stored) {
      body.discard();
    }
  }

  private EndEvent outcome() {
    try {
      return new Succeeded(request.jobId(), body.run());
    } catch (Throwable e) {
      if (ErrorTranslator.isOutOfMemory(e)) {
        LOG.error("Job {} ran out of memory", request.jobId(), e);
      }
      if (spark.isStopped()) {
        return new Lost(request.jobId(), lossOf.apply("The SparkContext ended under the job"));
      }
      JobError error = ErrorTranslator.translate(e, request.code() == null ? "" : request.code());
      LOG.debug("Job {} failed", request.jobId(), e);
      return error.code().equals("SESSION_LOST")
          ? new Lost(request.jobId(), error)
          : new Failed(request.jobId(), error);
    }
  }

  private static JobBody bodyOf(JobScope scope) {
    return switch (scope.request().kind()) {
      case "sql" -> new SqlStatement(scope);
      case "python" -> new PythonJob(scope);
      case "jar-class" -> new JarClass(scope);
      default -> throw new IllegalArgumentException("no job of kind " + scope.request().kind());
    };
  }

  private boolean end(EndEvent event) {
    if (phase.getAndSet(Phase.ENDED) == Phase.ENDED) {
      return false;
    }
    spark.ledger().forget(tasks, event instanceof Succeeded);
    onEnded.accept(this);
    events.accept(event);
    return true;
  }
}
