package com.whereq.libra.driver.python;

import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.ResultSummary;
import com.whereq.libra.driver.DriverProtocol.Schema;
import com.whereq.libra.driver.job.JobScope;
import com.whereq.libra.driver.result.Columns;
import com.whereq.libra.driver.result.QueryResult;
import com.whereq.libra.driver.sql.SettingGuard;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.classic.Dataset;
import org.apache.spark.sql.classic.SparkSession;

/** What a running job is to Python: its session, its place in Spark, and the rows that it shows. */
final class PythonStatement {
  private final JobScope scope;
  private volatile SparkSession session;
  private boolean own;
  private QueryResult result;
  private ResultSummary shown;
  private boolean discarded;

  PythonStatement(JobScope scope, SparkSession session) {
    this.scope = scope;
    this.session = session;
    this.own = !scope.request().settings().isEmpty();
  }

  SparkSession session() {
    return session;
  }

  String tag() {
    return scope.tag();
  }

  /** Makes what the current thread does in Spark the job's, whoever's it was before. */
  void bindThread() {
    // Left by a cancel of the statement before.
    Thread.interrupted();
    SparkContext context = scope.spark().context();
    context.clearJobGroup();
    context.clearJobTags();
    scope.bindThread(session);
  }

  void cancelJobs() {
    scope.spark().cancelSparkJobs(scope.tag());
  }

  /** Settings of a builder hold for the job: on a clone of the session, once there is need. */
  synchronized SparkSession sessionWith(Map<String, String> settings) {
    if (!own) {
      session = session.cloneSession();
      own = true;
    }
    settings.forEach(
        (key, value) -> {
          // As in Spark: what a running session cannot change any more is left as it is.
          if (session.conf().isModifiable(key)) {
            SettingGuard.check(session.sparkContext().conf(), key, value);
            session.conf().set(key, value);
          }
        });
    org.apache.spark.sql.SparkSession.setActiveSession(session);
    return session;
  }

  /** Stores the rows as the result of the job, in place of those that were shown before. */
  synchronized String display(Dataset<Row> rows) throws Exception {
    if (discarded) {
      throw new IllegalStateException("the job has ended");
    }
    if (result != null) {
      result.remove();
      shown = null;
    }
    result = new QueryResult(scope.resultSpec(), scope.spark().tasksShareTheJvm());
    Consumer<Event> events = scope.events();
    events.accept(new Schema(scope.request().jobId(), Columns.of(rows.schema())));
    shown = result.store(rows.queryExecution(), rows.schema());
    return shown.text();
  }

  /** Null when no rows were shown. */
  synchronized ResultSummary shown() {
    return shown;
  }

  void discard() {
    // Without the lock: a display that runs holds it, and is what has to stop.
    QueryResult current = result;
    discarded = true;
    if (current != null) {
      current.remove();
    }
  }
}
