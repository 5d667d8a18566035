package com.whereq.libra.driver.job;

import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.JobError;
import com.whereq.libra.driver.DriverProtocol.Lost;
import com.whereq.libra.driver.DriverProtocol.Submit;
import com.whereq.libra.driver.LiveSpark;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** The jobs that have not ended. Requests come one after another, ends from any thread. */
public final class Jobs {
  private final Consumer<Event> events;
  private final Map<String, JobRun> running = new ConcurrentHashMap<>();
  private volatile boolean stopping;

  public Jobs(Consumer<Event> events) {
    this.events = events;
  }

  /** Starts the job on a thread of its own; without a context it is lost at once. */
  public void submit(Submit request, LiveSpark spark) {
    if (spark == null || stopping) {
      events.accept(new Lost(request.jobId(), lossOf("The driver is not ready")));
      return;
    }
    if (running.containsKey(request.jobId())) {
      throw new IllegalArgumentException("job " + request.jobId() + " is running already");
    }
    JobRun job =
        new JobRun(
            request, spark, events, ended -> running.remove(ended.jobId(), ended), this::lossOf);
    running.put(request.jobId(), job);
    job.start();
    // The context may have ended before the job was on the list of those that are lost with it.
    if (spark.isStopped()) {
      job.lose(lossOf("The SparkContext ended under the job"));
    }
  }

  /** Harmless for a job that is not known. */
  public void cancel(String jobId) {
    JobRun job = running.get(jobId);
    if (job != null) {
      job.cancel();
    }
  }

  public void loseAll(String message) {
    running.values().forEach(job -> job.lose(lossOf(message)));
  }

  /** From here on every loss is the server's own doing. */
  public void stop() {
    stopping = true;
    loseAll("The server stopped under the job");
  }

  private JobError lossOf(String message) {
    String code = stopping ? "SERVER_STOPPED" : "DRIVER_LOST";
    return new JobError(code, message, null, null, null, null, null, true);
  }
}
