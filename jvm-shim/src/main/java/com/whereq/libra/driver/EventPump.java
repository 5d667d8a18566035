package com.whereq.libra.driver;

import com.whereq.libra.driver.DriverProtocol.Event;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that delivers events. node-java's proxy blocks its caller until JavaScript has
 * run, so no Spark listener and no job's thread may deliver by itself.
 */
final class EventPump implements PacedEvents {
  private static final Logger LOG = LoggerFactory.getLogger(EventPump.class);
  private static final int LOG_CAPACITY = 10_000;

  private final EventQueue queue = new EventQueue(LOG_CAPACITY);
  private final EventSink sink;
  private final Thread thread;

  EventPump(EventSink sink) {
    this.sink = sink;
    this.thread = new Thread(this::run, "libra-event-pump");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void accept(Event event) {
    queue.add(event);
  }

  @Override
  public void awaitRoom() throws InterruptedException {
    queue.awaitRoom();
  }

  /** Ends once everything that was published has been delivered. */
  void close() {
    queue.close();
  }

  private void run() {
    try {
      List<Event> batch = queue.take();
      while (!batch.isEmpty()) {
        deliver(batch);
        batch = queue.take();
      }
    } catch (InterruptedException e) {
      LOG.warn("The event pump was interrupted and ends");
    }
  }

  private void deliver(List<Event> batch) {
    try {
      sink.deliver(batch);
    } catch (Throwable e) {
      LOG.error("A batch of {} events could not be delivered", batch.size(), e);
    }
  }
}
