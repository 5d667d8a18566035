package com.whereq.libra.driver.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF0;
import org.apache.spark.sql.execution.LocalTableScanExec;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OneRowAsLocalTest {
  private static final String EXCLUDED = "spark.sql.optimizer.excludedRules";

  @TempDir static Path folder;
  private static SqlStatements sql;

  @BeforeAll
  static void start() throws IOException {
    sql = new SqlStatements(folder, Set.of());
  }

  @AfterAll
  static void stop() {
    sql.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT 1",
        "SELECT 1 AS a, 'text' AS b, null AS c, true AS d, 1.5 AS e, 1.5D AS f, 2L AS g, 3S, 4Y",
        "SELECT DATE '2024-02-29', TIMESTAMP '2024-02-29 12:00:00', TIMESTAMP_NTZ '2024-02-29 1:2:3'",
        "SELECT X'00FF', INTERVAL '1-2' YEAR TO MONTH, INTERVAL '1 2:3:4' DAY TO SECOND",
        "SELECT make_interval(1, 2, 3), CAST(12345678901234567890.123 AS DECIMAL(38, 18))",
        "SELECT array(1, null), map('a', 1), named_struct('a', 1, 'b', array(named_struct('c', 2)))",
        "SELECT double('NaN'), double('Infinity'), -0.0D, parse_json('{\"a\": [1]}'), '😀'",
        "SELECT current_date() > DATE '2000-01-01', current_user(), 1 AS a, 2 AS a",
        "SELECT rand(7), randn(7), uuid(7), shuffle(array(1, 2, 3), 7), monotonically_increasing_id(), spark_partition_id()",
        "SELECT transform(array(1, 2), x -> x + 1), aggregate(array(1, 2), 0, (a, x) -> a + x)",
        "SELECT a + 1 AS b FROM (SELECT 41 AS a)",
        "SELECT a FROM (SELECT 1 AS a) WHERE a > 0 LIMIT 3",
        "SELECT CASE WHEN rand(1) < 2 THEN 1 ELSE 1 / 0 END AS a",
      })
  void runsNoJobAndAnswersTheSame(String statement) {
    Dataset<Row> local = sql.spark.sql(statement);
    SparkPlan plan = local.queryExecution().executedPlan();
    assertInstanceOf(LocalTableScanExec.class, plan, plan.toString());
    assertEquals(0, jobsOf(local));
    assertEquals(textOf(withoutRule(statement)), textOf(local.collectAsList()));
    assertEquals(textOf(local.collectAsList()), textOf(local.collectAsList()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT explode(array(1, 2, 3)) AS a",
        "SELECT stack(2, 1, 2)",
        "SELECT (SELECT max(id) FROM range(5)) AS a",
        "SELECT 3 IN (SELECT id FROM range(5)) AS a",
        "SELECT EXISTS (SELECT id FROM range(5) WHERE id > 7) AS a",
        "SELECT id, (SELECT id + 1) AS b FROM range(3) ORDER BY id",
        "SELECT id, b FROM range(3), LATERAL (SELECT id * 2 AS b) ORDER BY id",
        "SELECT count(*), sum(1)",
        "SELECT 1 AS a UNION ALL SELECT 2",
        "SELECT a FROM (SELECT 1 AS a) JOIN (SELECT 1 AS a) USING (a)",
        "SELECT 1 AS a WHERE rand(3) > 2",
        "SELECT row_number() OVER (ORDER BY 1) AS a",
        "SELECT from_json('{\"a\": 1}', 'a INT').a + id AS b FROM range(2) ORDER BY id",
      })
  void leavesTheAnswerAsItWas(String statement) {
    assertEquals(textOf(withoutRule(statement)), textOf(sql.spark.sql(statement).collectAsList()));
  }

  @Test
  void errorsComeWhereSparkRaisesThem() {
    for (String statement :
        List.of("SELECT 1 / 0", "SELECT raise_error('x')", "SELECT CAST('x' AS INT)")) {
      assertEquals(
          failsToPlan(withoutRule("EXPLAIN " + statement)),
          failsToPlan(sql.run("EXPLAIN " + statement)));
      Throwable failure = assertThrows(Exception.class, () -> sql.run(statement));
      assertInstanceOf(SparkThrowable.class, failure);
    }
  }

  private static boolean failsToPlan(List<Row> explained) {
    return explained.get(0).getString(0).startsWith("Error occurred during query planning");
  }

  @Test
  void userCodeRunsInsideAQuery() {
    sql.spark
        .udf()
        .register(
            "thread_name",
            functions
                .udf((UDF0<String>) () -> Thread.currentThread().getName(), DataTypes.StringType)
                .asNondeterministic());
    String thread = sql.run("SELECT thread_name()").get(0).getString(0);
    assertTrue(thread.startsWith("Executor task"), thread);
  }

  @Test
  void everyCallDraws() {
    assertFalse(sql.run("SELECT uuid()").equals(sql.run("SELECT uuid()")));
  }

  /** Binary cells by their bytes. */
  private static String textOf(List<Row> rows) {
    StringBuilder text = new StringBuilder();
    for (Row row : rows) {
      for (int i = 0; i < row.size(); i++) {
        text.append(row.get(i) instanceof byte[] bytes ? Arrays.toString(bytes) : row.get(i))
            .append('|');
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static long jobsOf(Dataset<Row> query) {
    String group = "one-row-" + System.nanoTime();
    sql.spark.sparkContext().setJobGroup(group, group, false);
    try {
      query.collectAsList();
      return sql.spark.sparkContext().statusTracker().getJobIdsForGroup(group).length;
    } finally {
      sql.spark.sparkContext().clearJobGroup();
    }
  }

  private static List<Row> withoutRule(String statement) {
    String rules =
        OneRowAsLocal.class.getName()
            + ",org.apache.spark.sql.catalyst.optimizer.ConvertToLocalRelation";
    sql.spark.conf().set(EXCLUDED, rules);
    try {
      return sql.spark.sql(statement).collectAsList();
    } finally {
      sql.spark.conf().unset(EXCLUDED);
    }
  }
}
