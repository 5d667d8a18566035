package com.whereq.libra.driver.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.whereq.libra.driver.DriverProtocol.ResultSummary;
import com.whereq.libra.driver.error.JobFailure;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.sql.classic.Dataset;
import org.apache.spark.sql.classic.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both ways of rows to the disk: tasks that share the JVM, and tasks that answer with bytes. */
class StoresTest {
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
                .config("spark.driver.maxResultSize", "0")
                .config("spark.sql.shuffle.partitions", "3")
                .getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private ResultSummary store(String sql, boolean local, long maxBytes, boolean fail)
      throws Exception {
    ResultSpec spec = new ResultSpec(temp.resolve("result"), maxBytes, fail, 3, count -> {});
    Dataset<?> rows = spark.sql(sql);
    try (QueryResult result = new QueryResult(spec, local)) {
      return result.store(rows.queryExecution(), rows.schema());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void storesEveryRowInOrder(boolean local) throws Exception {
    ResultSummary result =
        store("SELECT id FROM range(0, 50000, 1, 37)", local, Long.MAX_VALUE, false);
    assertEquals("Schema: struct<id:bigint>\n\n[0]\n[1]\n[2]\n", result.text());
    assertEquals(50_000, result.rowCount());
    assertTrue(result.complete());
    assertTrue(result.truncated());
    try (var files = Files.list(temp.resolve("result"))) {
      // One chunk a partition, and the manifest.
      assertEquals(37 + 1, files.count());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void storesAPrefixOfWhatIsTooLarge(boolean local) throws Exception {
    ResultSummary result = store("SELECT id FROM range(0, 500000, 1, 50)", local, 100_000, false);
    assertFalse(result.complete());
    assertTrue(result.byteCount() <= 100_000 && result.byteCount() > 80_000);
    assertTrue(result.rowCount() > 8_000 && result.rowCount() < 12_500, "" + result.rowCount());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void failsWhenThatIsAskedFor(boolean local) {
    JobFailure failure =
        assertThrows(
            JobFailure.class,
            () -> store("SELECT id FROM range(0, 500000, 1, 50)", local, 100_000, true));
    assertEquals("RESULT_TOO_LARGE", failure.error().code());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void passesOnWhatATaskThrew(boolean local) {
    Exception failure =
        assertThrows(
            Exception.class,
            () ->
                store(
                    "SELECT 1 / (id - 20000) FROM range(0, 50000, 1, 20)", local, 1 << 30, false));
    assertTrue(String.valueOf(failure.getMessage()).contains("DIVIDE_BY_ZERO"));
  }
}
