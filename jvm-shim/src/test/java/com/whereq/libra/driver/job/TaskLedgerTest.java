package com.whereq.libra.driver.job;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TaskLedgerTest {
  private static final String TAG = "libra-job-1-1";

  private JavaSparkContext context;
  private TaskLedger ledger;
  private JobTasks job;

  @BeforeEach
  void start() {
    SparkConf conf =
        new SparkConf()
            .setMaster("local[1]")
            .setAppName("ledger")
            .set("spark.driver.bindAddress", "127.0.0.1")
            .set("spark.driver.host", "127.0.0.1");
    context = new JavaSparkContext(conf);
    ledger = new TaskLedger(event -> {}, () -> {});
    ledger.attach(context.sc());
    job = ledger.register("job-1", TAG);
  }

  @AfterEach
  void stop() {
    ledger.close();
    context.stop();
  }

  @Test
  void cancelsWhatRunsWhenTheTagIsCondemned() throws Exception {
    CompletableFuture<Long> endless = endless();
    while (ledger.activeTasks() == 0) {
      Thread.sleep(5);
    }
    assertFalse(ledger.isQuiet(job));
    ledger.condemn(job);
    assertCancelled(endless);
    assertQuiet();
  }

  @Test
  void cancelsWhatComesBetweenTheLastCountAndTheEnd() throws Exception {
    ledger.condemn(job);
    assertTrue(ledger.isQuiet(job));
    assertCancelled(endless());
    assertQuiet();
  }

  @Test
  void cancelsWhatComesAfterTheEnd() throws Exception {
    ledger.forget(job, false);
    assertCancelled(endless());
  }

  private CompletableFuture<Long> endless() {
    return CompletableFuture.supplyAsync(
        () -> {
          context.sc().addJobTag(TAG);
          context.setInterruptOnCancel(true);
          return context.parallelize(java.util.List.of(1), 1).map(TaskLedgerTest::sleep).count();
        });
  }

  private static Integer sleep(Integer value) throws InterruptedException {
    while (true) {
      Thread.sleep(1000);
    }
  }

  private static void assertCancelled(CompletableFuture<Long> work) throws Exception {
    try {
      work.get(60, TimeUnit.SECONDS);
      throw new AssertionError("the Spark job was not cancelled");
    } catch (ExecutionException e) {
      assertTrue(e.getCause().getMessage().contains("its job has ended"), e.getCause().toString());
    }
  }

  private void assertQuiet() throws InterruptedException {
    ledger.awaitCaughtUp(60_000);
    assertTrue(IntStream.range(0, 1000).anyMatch(i -> isQuietSoon()));
  }

  private boolean isQuietSoon() {
    try {
      Thread.sleep(10);
      return ledger.isQuiet(job);
    } catch (InterruptedException e) {
      return false;
    }
  }
}
