package com.whereq.libra.driver.child;

import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.Stopped;
import com.whereq.libra.driver.EventJson;
import com.whereq.libra.driver.EventSink;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Events on their way to the server, as long as there is one. */
final class EventSocket implements EventSink {
  private final ServerConnection connection;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private boolean broken;

  EventSocket(ServerConnection connection) {
    this.connection = connection;
  }

  @Override
  public void deliver(List<Event> events) throws IOException {
    try {
      if (!broken) {
        connection.write(EventJson.bytes(events));
      }
    } catch (IOException e) {
      // Nobody hears the rest; the reader of requests notices the end as well.
      broken = true;
    } finally {
      if (events.stream().anyMatch(Stopped.class::isInstance)) {
        stopped.countDown();
      }
    }
  }

  boolean hasStopped() {
    return stopped.getCount() == 0;
  }

  /** Returns when Spark has been stopped and the server was told. */
  void awaitStopped(long millis) throws InterruptedException {
    stopped.await(millis, TimeUnit.MILLISECONDS);
  }
}
