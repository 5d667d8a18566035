package com.whereq.libra.driver.job;

import com.whereq.libra.driver.DriverProtocol.Submit;
import com.whereq.libra.driver.LiveSpark;
import com.whereq.libra.driver.Sessions;
import com.whereq.libra.driver.launch.Launch;
import com.whereq.libra.driver.result.Folders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a few small statements after the start, because the first ones of a JVM take two to three
 * times as long as later ones. Yields to real work: with the first job its Spark jobs are cancelled
 * and no further statement begins.
 */
public final class WarmUp {
  private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
  private static final String TAG = "libra-warm-up";
  private static final int ROUNDS = 3;
  private static final List<String> STATEMENTS =
      List.of(
          "SELECT %d",
          "SELECT id, id * 2 AS twice, CAST(id AS STRING) AS text FROM range(%d + 10)",
          "SELECT id %% 3 AS k, count(*), sum(id) FROM range(%d + 100) GROUP BY 1 ORDER BY 1",
          "SELECT a.id, b.id FROM range(%d + 10) a JOIN range(10) b ON a.id = b.id WHERE a.id > 2",
          "SELECT DATE'2024-01-01', CAST(1.5 AS DECIMAL(10,2)), array(1, %d), map('a', 1)");

  private final LiveSpark spark;
  private volatile boolean yielded;

  public WarmUp(LiveSpark spark) {
    this.spark = spark;
  }

  public void start() {
    Thread thread = new Thread(this::run, TAG);
    thread.setDaemon(true);
    thread.setPriority(Thread.MIN_PRIORITY);
    thread.setContextClassLoader(Launch.classLoader());
    thread.start();
  }

  /** Real work has come. The thread is not interrupted: it may be loading classes for everybody. */
  public void yieldToWork() {
    if (!yielded) {
      yielded = true;
      spark.cancelSparkJobs(TAG);
    }
  }

  private void run() {
    Path folder = null;
    try {
      folder = Files.createTempDirectory("libra-warm-up-");
      for (int round = 0; round < ROUNDS; round++) {
        for (String statement : STATEMENTS) {
          if (yielded || spark.isStopped()) {
            return;
          }
          Submit request = request(statement.formatted(round), folder);
          new SqlStatement(new JobScope(request, TAG, spark, event -> {})).run();
        }
      }
      LOG.info("The driver is warm");
    } catch (Throwable e) {
      LOG.debug("The warm-up ended early", e);
    } finally {
      if (folder != null) {
        Folders.delete(folder);
      }
    }
  }

  private static Submit request(String statement, Path folder) {
    return new Submit(
        "warm-up",
        "sql",
        Sessions.DEFAULT,
        statement,
        List.of(),
        null,
        null,
        List.of(),
        null,
        Map.of(),
        "default",
        "Warm-up",
        10,
        1 << 20,
        1 << 20,
        "TRUNCATE",
        folder.resolve("result").toString());
  }
}
