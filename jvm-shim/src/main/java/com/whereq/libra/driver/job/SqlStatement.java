package com.whereq.libra.driver.job;

import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.ResultSummary;
import com.whereq.libra.driver.DriverProtocol.Rows;
import com.whereq.libra.driver.DriverProtocol.Schema;
import com.whereq.libra.driver.DriverProtocol.Submit;
import com.whereq.libra.driver.LiveSpark;
import com.whereq.libra.driver.error.JobFailure;
import com.whereq.libra.driver.result.Columns;
import com.whereq.libra.driver.result.QueryResult;
import com.whereq.libra.driver.result.ResultSpec;
import com.whereq.libra.driver.sql.SettingGuard;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.classic.Dataset;
import org.apache.spark.sql.classic.SparkSession;
import org.slf4j.MDC;

/** One SQL statement on the current thread, from its text to its stored rows. */
final class SqlStatement {
  private static final String POOL_PROPERTY = "spark.scheduler.pool";

  private final Submit request;
  private final String tag;
  private final LiveSpark spark;
  private final Consumer<Event> events;
  private volatile QueryResult result;

  SqlStatement(Submit request, String tag, LiveSpark spark, Consumer<Event> events) {
    this.request = request;
    this.tag = tag;
    this.spark = spark;
    this.events = events;
  }

  ResultSummary run() throws Exception {
    SparkSession session = session();
    bindThread(session);
    result = new QueryResult(spec(), spark.tasksShareTheJvm());
    Map<String, Object> parameters =
        SqlParameters.bind(
            request.parameters(), session.sessionState().conf().sessionLocalTimeZone());
    Dataset<Row> rows = session.sql(request.code(), parameters);
    events.accept(new Schema(request.jobId(), Columns.of(rows.schema())));
    return result.store(rows.queryExecution(), rows.schema());
  }

  /** Stops what still writes and removes what was written; may be called from any thread. */
  void discard() {
    QueryResult current = result;
    if (current != null) {
      current.remove();
    }
  }

  private SparkSession session() {
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
    // Settings of a statement alone live on a clone that nobody else sees.
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

  private void bindThread(SparkSession session) {
    // What this thread logs says whose it is; the thread ends with the job.
    MDC.put("jobId", request.jobId());
    MDC.put("sessionId", request.sessionId());
    SparkContext context = spark.context();
    context.addJobTag(tag);
    context.setInterruptOnCancel(true);
    context.setLocalProperty(POOL_PROPERTY, request.pool());
    context.setJobDescription(request.description());
    org.apache.spark.sql.SparkSession.setActiveSession(session);
  }

  private ResultSpec spec() {
    return new ResultSpec(
        Path.of(request.resultDir()),
        request.maxResultBytes(),
        request.onOverflow().equals("FAIL"),
        request.rowLimit(),
        count -> events.accept(new Rows(request.jobId(), count)));
  }
}
