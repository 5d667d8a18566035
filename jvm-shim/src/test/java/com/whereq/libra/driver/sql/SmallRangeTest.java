package com.whereq.libra.driver.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.classic.Dataset;
import org.apache.spark.sql.execution.LocalTableScanExec;
import org.apache.spark.sql.execution.QueryExecution;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SmallRangeTest {
  @TempDir static Path folder;
  private static SqlStatements sql;

  @BeforeAll
  static void start() throws IOException {
    sql = new SqlStatements(folder, Set.of());
    sql.spark.udf().register("slow", (UDF1<Long, Long>) x -> x, DataTypes.LongType);
  }

  @AfterAll
  static void stop() {
    sql.close();
  }

  private static QueryExecution planned(String statement) {
    return ((Dataset<?>) sql.spark.sql(statement)).queryExecution();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT * FROM range(100) WHERE id > 50",
        "SELECT id, CAST(id AS STRING) AS s, id % 3 = 0 AS d FROM range(10, 0, -2) WHERE id <> 4",
        "SELECT id + 1 AS a FROM (SELECT id FROM range(1000) WHERE id % 100 = 0) LIMIT 3",
        "SELECT * FROM range(0)",
        "SELECT * FROM range(-5, 5, 3)",
        "SELECT id FROM range(9223372036854775800, 9223372036854775807, 5)",
      })
  void needsNoJob(String statement) {
    assertInstanceOf(LocalTableScanExec.class, planned(statement).executedPlan(), statement);
    List<Row> small = sql.spark.sql(statement).collectAsList();
    String partitioned = statement.replaceAll("range\\(([^,)]+)\\)", "range(0, $1)");
    partitioned = partitioned.replaceAll("range\\(([^,)]+),([^,)]+)\\)", "range($1,$2, 1)");
    partitioned = partitioned.replaceAll("range\\(([^)]+)\\)", "range($1, 3)");
    assertFalse(planned(partitioned).executedPlan() instanceof LocalTableScanExec, partitioned);
    assertEquals(sql.spark.sql(partitioned).collectAsList(), small);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT * FROM range(1001)",
        "SELECT * FROM range(0, 100, 1, 4)",
        "SELECT id, rand(1) FROM range(10)",
        "SELECT id, spark_partition_id() FROM range(10)",
        "SELECT id, monotonically_increasing_id() FROM range(10)",
        "SELECT slow(id) FROM range(8)",
        "SELECT size(sequence(0, id * 1000000)) FROM range(8)",
        "SELECT id FROM range(8) WHERE id < (SELECT max(id) FROM range(5000))",
      })
  void leavesToTasksWhatMayBeTheirs(String statement) {
    String plan = planned(statement).executedPlan().toString();
    assertTrue(plan.contains("Range (") && !plan.contains("splits=1)"), plan);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT count(*) FROM range(100)",
        "SELECT id % 2, sum(id) FROM range(100) GROUP BY 1",
        "SELECT id FROM range(100) ORDER BY -id",
      })
  void takesOnePartitionForTheRest(String statement) {
    String plan = planned(statement).executedPlan().toString();
    assertTrue(plan.contains("splits=1)"), plan);
    assertFalse(plan.contains("Exchange"), plan);
  }
}
