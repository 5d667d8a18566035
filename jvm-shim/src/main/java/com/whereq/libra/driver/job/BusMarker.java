package com.whereq.libra.driver.job;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.scheduler.SparkListenerEvent;

/** Put on Spark's event bus to learn that the ledger has seen all that was there before. */
final class BusMarker implements SparkListenerEvent {
  private final CountDownLatch seen = new CountDownLatch(1);

  void arrived() {
    seen.countDown();
  }

  boolean await(long timeoutMillis) throws InterruptedException {
    return seen.await(timeoutMillis, TimeUnit.MILLISECONDS);
  }

  @Override
  public boolean logEvent() {
    return false;
  }
}
