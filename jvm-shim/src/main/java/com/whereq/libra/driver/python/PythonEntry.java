package com.whereq.libra.driver.python;

import com.whereq.libra.driver.Json;
import com.whereq.libra.driver.error.ErrorTranslator;
import java.io.File;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.classic.Dataset;
import org.apache.spark.sql.classic.SparkSession;

/** What an interpreter can call here, beside Spark itself. Public for Py4J's reflection. */
public final class PythonEntry {
  private final SparkSession root;
  private final InterpreterTraces traces;
  private final FollowedTags jobs = new FollowedTags();
  private final QueryWatch queries = new QueryWatch(jobs);
  private volatile PythonStatement current;

  PythonEntry(SparkSession root) {
    this.root = root;
    this.traces = new InterpreterTraces();
  }

  void begin(PythonStatement statement) {
    jobs.follow(statement.tag());
    current = statement;
  }

  void end() {
    current = null;
  }

  /** The streaming queries that its jobs have started stop. */
  void stopQueries() {
    queries.stop();
  }

  /** Ends what its threads, in whatever statement, have left running in Spark. */
  void cancelAll() {
    SparkContext context = root.sparkContext();
    if (!context.isStopped()) {
      jobs.all().forEach(tag -> context.cancelJobsWithTag(tag, "its interpreter has ended"));
    }
  }

  void dispose() {
    queries.stop();
    traces.remove();
  }

  public JavaSparkContext context() {
    return JavaSparkContext.fromSparkContext(root.sparkContext());
  }

  /** A session to attach with; jobs get their own. */
  public SparkSession rootSession() {
    return root;
  }

  /** What PySpark has made in this JVM for one interpreter, to be removed with it. */
  public void adopt(Object accumulator, String temporaryFolder) {
    traces.adopt(accumulator, new File(temporaryFolder));
  }

  /** Called by each of Python's threads before its first call in a statement. */
  public void bind() {
    PythonStatement statement = current;
    if (statement != null) {
      statement.bindThread();
    }
  }

  public SparkSession session() {
    return statement().session();
  }

  public SparkSession sessionWith(Map<String, String> settings) {
    return statement().sessionWith(settings);
  }

  public String display(Dataset<Row> rows) throws Exception {
    return statement().display(rows);
  }

  public void cancelJobs() {
    statement().cancelJobs();
  }

  /** Called before a streaming query starts. */
  public void streaming(SparkSession session) {
    queries.watch(session);
  }

  /** The error that a client would read if this were all that happened, as JSON. */
  public String describe(Throwable thrown) {
    return Json.write(ErrorTranslator.translate(thrown, ""));
  }

  private PythonStatement statement() {
    PythonStatement statement = current;
    if (statement == null) {
      throw new IllegalStateException("the statement has ended");
    }
    return statement;
  }
}
