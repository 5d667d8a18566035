package com.whereq.libra.driver.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.whereq.libra.driver.sql.LibraSparkExtensions;
import java.nio.file.Path;
import org.apache.spark.sql.classic.Dataset;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.execution.QueryExecution;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LittlePlanningTest {
  /** Spark marks operators with it whose code is compiled. */
  private static final String COMPILED = "*(";

  private static SparkSession spark;

  @TempDir Path temp;

  @BeforeAll
  static void start() {
    spark =
        (SparkSession)
            SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.sql.extensions", LibraSparkExtensions.class.getName())
                .getOrCreate();
    spark.sql(
        "CREATE TEMPORARY VIEW sales AS VALUES (1, 'a', 2.5), (2, 'b', 1.5), (3, 'a', 4.0) AS t(id, k, v)");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @AfterEach
  void reset() {
    spark.conf().unset("spark.sql.codegen.factoryMode");
  }

  private record Stored(String text, String plan) {}

  private Stored store(String statement) throws Exception {
    ResultSpec spec = new ResultSpec(temp.resolve("result"), 1L << 20, false, 1000, count -> {});
    Dataset<?> rows = spark.sql(statement);
    QueryExecution query = rows.queryExecution();
    try (QueryResult result = new QueryResult(spec, true)) {
      String text = result.store(query, rows.schema()).text();
      return new Stored(text, query.executedPlan().toString());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT count(*), sum(id), max(id), avg(id) FROM range(100) WHERE id < 17",
        "SELECT id % 3 AS k, count(*), collect_list(id) FROM range(20) GROUP BY 1 ORDER BY 1",
        "SELECT k, sum(v), min(id) FROM sales GROUP BY k ORDER BY k DESC",
        "SELECT a.id, b.k FROM range(10) a JOIN sales b ON a.id = b.id ORDER BY ALL",
        "SELECT k, row_number() OVER (PARTITION BY k ORDER BY v) FROM sales ORDER BY ALL",
        "SELECT DISTINCT k FROM sales UNION ALL SELECT 'c' ORDER BY 1",
        "SELECT id, CAST(id AS STRING), id * 1.5D FROM range(5) ORDER BY id DESC",
      })
  void answersTheSameWithoutCompiling(String statement) throws Exception {
    Stored little = store(statement);
    assertFalse(little.plan().contains(COMPILED), little.plan());
    assertEquals(asSparkItself(statement), little.text());
  }

  /** What the session has set is not touched. */
  private String asSparkItself(String statement) throws Exception {
    spark.conf().set("spark.sql.codegen.factoryMode", "FALLBACK");
    Stored stock = store(statement);
    assertTrue(stock.plan().contains(COMPILED), stock.plan());
    return stock.text();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT count(*) FROM range(1001)",
        "SELECT count(*) FROM range(40) a CROSS JOIN range(40) b",
        "SELECT count(n) FROM range(10) LATERAL VIEW explode(array(id, id)) AS n",
        "SELECT sum(size(sequence(0, id))) FROM range(10)",
        "SELECT sum(aggregate(array(id), 0L, (a, x) -> a + x)) FROM range(10)",
        "SELECT count(*) FROM range(10) WHERE id IN (SELECT id FROM range(5000))",
      })
  void leavesWhatMayBeLargeToSpark(String statement) throws Exception {
    String plan = store(statement).plan();
    assertTrue(plan.contains(COMPILED), plan);
  }

  @Test
  void exchangesNothingWhereOnePartitionWillDo() throws Exception {
    assertFalse(store("SELECT count(*) FROM range(100)").plan().contains("Exchange"));
  }

  @Test
  void leavesNothingBehindForTheNextStatement() throws Exception {
    store("SELECT count(*) FROM range(100)");
    assertEquals(null, spark.sparkContext().getLocalProperty("spark.sql.codegen.factoryMode"));
    assertTrue(store("SELECT count(*) FROM range(100000)").plan().contains(COMPILED));
  }
}
