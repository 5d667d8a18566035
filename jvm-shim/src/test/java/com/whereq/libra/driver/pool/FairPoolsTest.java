package com.whereq.libra.driver.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.whereq.libra.driver.DriverProtocol;
import com.whereq.libra.driver.DriverProtocol.PoolStats;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.Pool;
import org.apache.spark.scheduler.Schedulable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FairPoolsTest {
  /** Tasks run in this JVM, and end when there is one of these for them. */
  private static final Semaphore ENDS = new Semaphore(0);

  private JavaSparkContext context;
  private FairPools pools;

  @BeforeEach
  void start() {
    begin("FAIR");
  }

  private void begin(String mode) {
    context =
        new JavaSparkContext(
            new SparkConf()
                .setMaster("local[2]")
                .setAppName("pools")
                .set("spark.scheduler.mode", mode)
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.driver.host", "127.0.0.1"));
    pools = FairPools.open(context.sc());
    pools.set(List.of(pool("default", 1), pool("a", 0.5)));
    ENDS.drainPermits();
  }

  @AfterEach
  void stop() {
    ENDS.release(1000);
    context.stop();
  }

  @Test
  void replacesAPoolUnderItsTasks() throws Exception {
    CompletableFuture<Void> work = tasks(6, "a");
    until(() -> inside("a").runningTasks() == 2);
    Schedulable before = inside("a");
    pools.set(List.of(pool("default", 1), pool("a", 3)));
    assertEquals(300, inside("a").weight());
    assertEquals(2, inside("a").runningTasks());
    assertEquals(2, root().runningTasks());
    assertEquals(1, inside("a").schedulableQueue().size());
    assertEquals(2, root().schedulableQueue().size());
    assertEquals(50, before.weight());
    ENDS.release(6);
    work.get();
    until(() -> root().runningTasks() == 0 && inside("a").schedulableQueue().isEmpty());
    assertEquals(0, inside("a").runningTasks());
  }

  @Test
  void leavesAPoolThatDoesNotChange() {
    Schedulable before = inside("a");
    pools.set(List.of(pool("default", 1), pool("b", 2), pool("a", 0.5)));
    assertTrue(before == inside("a"));
    assertEquals(200, inside("b").weight());
  }

  @Test
  void letsTheTasksOfARemovedPoolGoOnInDefault() throws Exception {
    CompletableFuture<Void> work = tasks(3, "a");
    until(() -> inside("a").runningTasks() == 2);
    pools.set(List.of(pool("default", 1)));
    assertNull(inside("a"));
    assertEquals(2, inside("default").runningTasks());
    assertEquals(2, root().runningTasks());
    ENDS.release(3);
    work.get();
    until(() -> root().runningTasks() == 0);
    assertEquals(0, inside("default").runningTasks());
  }

  @Test
  void makesNoPoolThatNobodyDefined() throws Exception {
    CompletableFuture<Void> work = tasks(1, "made-up");
    until(() -> inside("default").runningTasks() == 1);
    until(() -> use("default").runningTasks() == 1);
    assertNull(inside("made-up"));
    ENDS.release();
    work.get();
  }

  @Test
  void countsTheTimeOfRunningAndOfEndedTasks() throws Exception {
    CompletableFuture<Void> work = tasks(2, "a");
    until(() -> use("a").runningTasks() == 2 && use("a").taskTimeMs() >= 40);
    ENDS.release(2);
    work.get();
    until(() -> use("a").runningTasks() == 0);
    long ended = use("a").taskTimeMs();
    assertTrue(ended >= 40);
    Thread.sleep(5);
    assertEquals(ended, use("a").taskTimeMs());
    pools.set(List.of(pool("default", 1)));
    assertTrue(pools.stats().stream().noneMatch(each -> each.name().equals("a")));
  }

  @Test
  void leavesASchedulerWithoutPoolsAlone() throws Exception {
    context.stop();
    begin("FIFO");
    CompletableFuture<Void> work = tasks(1, "a");
    until(() -> use("a").runningTasks() == 1);
    assertNull(inside("a"));
    ENDS.release();
    work.get();
  }

  private static DriverProtocol.Pool pool(String name, double weight) {
    return new DriverProtocol.Pool(name, "FAIR", weight, 0);
  }

  private Pool root() {
    return context.sc().taskScheduler().rootPool();
  }

  private Schedulable inside(String name) {
    return root().schedulableNameToSchedulable().get(name);
  }

  private PoolStats use(String name) {
    return pools.stats().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElse(new PoolStats(name, 0, 0));
  }

  private CompletableFuture<Void> tasks(int count, String pool) {
    return CompletableFuture.runAsync(
        () -> {
          context.setLocalProperty("spark.scheduler.pool", pool);
          List<Integer> values = IntStream.range(0, count).boxed().toList();
          context.parallelize(values, count).foreach(value -> ENDS.acquire());
          context.setLocalProperty("spark.scheduler.pool", null);
        });
  }

  private static void until(BooleanSupplier what) throws InterruptedException {
    while (!what.getAsBoolean()) {
      Thread.sleep(5);
    }
  }
}
