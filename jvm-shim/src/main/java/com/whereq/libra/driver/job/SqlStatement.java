package com.whereq.libra.driver.job;

import com.whereq.libra.driver.DriverProtocol.ResultSummary;
import com.whereq.libra.driver.DriverProtocol.Schema;
import com.whereq.libra.driver.DriverProtocol.Submit;
import com.whereq.libra.driver.result.Columns;
import com.whereq.libra.driver.result.QueryResult;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.classic.Dataset;
import org.apache.spark.sql.classic.SparkSession;

/** One SQL statement on the current thread, from its text to its stored rows. */
final class SqlStatement implements JobBody {
  private final JobScope scope;
  private volatile QueryResult result;

  SqlStatement(JobScope scope) {
    this.scope = scope;
  }

  @Override
  public ResultSummary run() throws Exception {
    SparkSession session = scope.session();
    scope.bindThread(session);
    result = new QueryResult(scope.resultSpec(), scope.spark().tasksShareTheJvm());
    Submit request = scope.request();
    Map<String, Object> parameters =
        SqlParameters.bind(
            request.parameters(), session.sessionState().conf().sessionLocalTimeZone());
    Dataset<Row> rows = session.sql(request.code(), parameters);
    scope.events().accept(new Schema(request.jobId(), Columns.of(rows.schema())));
    return result.store(rows.queryExecution(), rows.schema());
  }

  @Override
  public void discard() {
    QueryResult current = result;
    if (current != null) {
      current.remove();
    }
  }
}
