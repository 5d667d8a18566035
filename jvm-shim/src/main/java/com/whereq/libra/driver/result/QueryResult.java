package com.whereq.libra.driver.result;

import com.whereq.libra.driver.DriverProtocol.ResultSummary;
import com.whereq.libra.driver.error.JobFailure;
import java.io.IOException;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.execution.CollectLimitExec;
import org.apache.spark.sql.execution.CommandResultExec;
import org.apache.spark.sql.execution.LocalTableScanExec;
import org.apache.spark.sql.execution.QueryExecution;
import org.apache.spark.sql.execution.SQLExecution;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.TakeOrderedAndProjectExec;
import org.apache.spark.sql.execution.adaptive.AdaptiveSparkPlanExec;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Runs an analyzed query and stores its rows. The folder of the result is there from the start, so
 * that a disk that takes nothing is found out before a command has changed anything.
 */
public final class QueryResult implements AutoCloseable {
  /**
   * Up to here a LIMIT is collected by the driver: Spark then reads partition after partition until
   * it has enough. As an RDD the same plan reads each partition of the table.
   */
  private static final int MAX_COLLECTED_LIMIT = 2048;

  private final ResultSpec spec;
  private final boolean tasksShareTheJvm;
  private final Object folderKey;
  private volatile ResultSink sink;

  public QueryResult(ResultSpec spec, boolean tasksShareTheJvm) {
    this.spec = spec;
    this.tasksShareTheJvm = tasksShareTheJvm;
    try {
      this.folderKey = Folders.create(spec.folder());
    } catch (IOException e) {
      throw ResultSink.notStored(e);
    }
  }

  public ResultSummary store(QueryExecution query, StructType type) throws Exception {
    SQLConf conf = query.sparkSession().sessionState().conf();
    RowFormat format = RowFormat.of(type, conf.sessionLocalTimeZone(), spec.maxBytes());
    try {
      LittlePlanning.run(query, () -> storePlanned(query, format));
      return finish(format, conf);
    } catch (Throwable e) {
      JobFailure cause = sink == null ? null : sink.failure();
      if (cause != null) {
        throw cause;
      }
      throw e;
    }
  }

  private void storePlanned(QueryExecution query, RowFormat format) throws Exception {
    SparkPlan plan = query.executedPlan();
    if (plan instanceof LocalTableScanExec local) {
      // As they are: Spark would compile a projection to turn them into its own bytes.
      storeRows(CollectionConverters.asJava(local.rows()).toArray(InternalRow[]::new), format);
    } else if (plan instanceof CommandResultExec) {
      storeRows(plan.executeCollect(), format);
    } else {
      inExecution(query, () -> storeQuery(query, plan, format));
    }
  }

  private void storeQuery(QueryExecution query, SparkPlan plan, RowFormat format) throws Exception {
    if (hasSmallLimit(plan)) {
      storeRows(plan.executeCollect(), format);
      return;
    }
    RDD<InternalRow> rdd = query.toRdd();
    sink = new ResultSink(spec, rdd.getNumPartitions());
    if (sink.partitions() == 0) {
      return;
    }
    if (tasksShareTheJvm) {
      LocalStore.store(rdd, format, sink);
    } else {
      new RemoteStore(rdd, format, sink).store();
    }
  }

  private void storeRows(InternalRow[] rows, RowFormat format) throws IOException {
    sink = new ResultSink(spec, 1);
    DriverRows.store(rows, format, sink);
  }

  private static boolean hasSmallLimit(SparkPlan plan) {
    SparkPlan top = plan instanceof AdaptiveSparkPlanExec adaptive ? adaptive.inputPlan() : plan;
    int limit = Integer.MAX_VALUE;
    if (top instanceof CollectLimitExec collect && collect.limit() >= 0) {
      limit = collect.limit();
    } else if (top instanceof TakeOrderedAndProjectExec take) {
      limit = take.limit();
    }
    return limit <= MAX_COLLECTED_LIMIT;
  }

  private ResultSummary finish(RowFormat format, SQLConf conf) throws IOException {
    ResultManifest manifest;
    try {
      manifest = ResultFolder.finish(sink, format);
    } catch (IOException e) {
      throw ResultSink.notStored(e);
    }
    ResultText.Text text =
        new ResultText(format.type(), conf).render(sink.heads().first(manifest.rowCount()));
    return new ResultSummary(
        text.text(),
        manifest.columns(),
        manifest.rowCount(),
        text.rows() < manifest.rowCount(),
        manifest.complete(),
        manifest.byteCount());
  }

  /** Stops tasks that still write. May be called from any thread, and more than once. */
  @Override
  public void close() {
    ResultSink current = sink;
    if (current != null) {
      current.close();
    }
  }

  /**
   * Removes what was stored: the result of this attempt alone, for a retry may have a folder of the
   * same name by now.
   */
  public void remove() {
    close();
    Folders.delete(spec.folder(), folderKey);
  }

  /** Shows the query in Spark's SQL page, and binds its jobs to the session's settings. */
  private static void inExecution(QueryExecution query, Body body) {
    SQLExecution.withNewExecutionId(query, Option.empty(), Body.asFunction(body));
  }
}
