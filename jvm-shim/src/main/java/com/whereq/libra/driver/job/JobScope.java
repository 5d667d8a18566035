package com.whereq.libra.driver.job;

import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.Rows;
import com.whereq.libra.driver.DriverProtocol.Submit;
import com.whereq.libra.driver.LiveSpark;
import com.whereq.libra.driver.error.JobFailure;
import com.whereq.libra.driver.result.ResultSpec;
import com.whereq.libra.driver.sql.SettingGuard;
import com.whereq.libra.driver.sql.SqlPolicy;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.classic.SparkSession;
import org.slf4j.MDC;

/**
 * What the bodies of all kinds share: the job's session, and a thread that Spark knows as its own.
 */
public record JobScope(Submit request, String tag, LiveSpark spark, Consumer<Event> events) {
  private static final String POOL_PROPERTY = "spark.scheduler.pool";

  /** The session of the job, or a clone of it that nobody else sees for settings of its own. */
  public SparkSession session() {
    SparkSession session = spark.sessions().get(request.sessionId());
    if (session == null) {
      throw new JobFailure(
          "SESSION_LOST",
          "The driver knows no session " + request.sessionId() + " any more",
          null,
          true,
          null);
    }
    if (request.settings().isEmpty()) {
      return session;
    }
    SparkSession own = session.cloneSession();
    request
        .settings()
        .forEach(
            (key, value) -> {
              SettingGuard.check(own.sparkContext().conf(), key, value);
              own.conf().set(key, value);
            });
    return own;
  }

  /** Whatever this thread does in Spark belongs to the job; threads that it starts inherit it. */
  public void bindThread(SparkSession session) {
    // What this thread logs says whose it is; the thread ends with the job.
    MDC.put("jobId", request.jobId());
    MDC.put("sessionId", request.sessionId());
    SparkContext context = spark.context();
    context.addJobTag(tag);
    context.setInterruptOnCancel(true);
    context.setLocalProperty(POOL_PROPERTY, request.pool());
    context.setJobDescription(request.description());
    SqlPolicy.bindThread(context, !request.kind().equals("sql"));
    org.apache.spark.sql.SparkSession.setActiveSession(session);
  }

  public ResultSpec resultSpec() {
    return new ResultSpec(
        Path.of(request.resultDir()),
        request.maxResultBytes(),
        request.onOverflow().equals("FAIL"),
        request.rowLimit(),
        count -> events.accept(new Rows(request.jobId(), count)));
  }
}
