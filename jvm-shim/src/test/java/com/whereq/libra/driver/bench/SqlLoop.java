package com.whereq.libra.driver.bench;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/** The limit that a server is measured against: the same statements, inside the JVM. */
public final class SqlLoop {
  /** Literals vary over the whole life of the process, so that no cache can answer. */
  private static final AtomicLong LITERAL = new AtomicLong();

  private SqlLoop() {}

  /**
   * Runs the statement, with {@code #} replaced by a new number each time, until the time is over.
   *
   * @return the time of each run in microseconds, separated by commas
   */
  public static String run(String template, int threads, int milliseconds) {
    SparkSession session = SparkSession.getDefaultSession().get();
    ConcurrentLinkedQueue<Long> times = new ConcurrentLinkedQueue<>();
    long end = System.nanoTime() + milliseconds * 1_000_000L;
    Thread[] loops = new Thread[threads];
    for (int i = 0; i < threads; i++) {
      loops[i] =
          new Thread(
              () -> {
                while (System.nanoTime() < end) {
                  String text =
                      template.replace(
                          "#", Long.toString(1_000_000_000L + LITERAL.getAndIncrement()));
                  long startedAt = System.nanoTime();
                  session.sql(text).collectAsList();
                  times.add((System.nanoTime() - startedAt) / 1000);
                }
              });
      loops[i].start();
    }
    try {
      for (Thread loop : loops) loop.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return times.stream().map(String::valueOf).collect(Collectors.joining(","));
  }
}
