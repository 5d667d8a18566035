package com.whereq.libra.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.whereq.libra.driver.DriverProtocol.Cancelled;
import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.Log;
import com.whereq.libra.driver.DriverProtocol.Progress;
import com.whereq.libra.driver.DriverProtocol.Rows;
import com.whereq.libra.driver.DriverProtocol.Started;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventQueueTest {
  private static List<Event> drain(EventQueue queue) throws InterruptedException {
    queue.close();
    List<Event> all = new ArrayList<>();
    for (List<Event> batch = queue.take(); !batch.isEmpty(); batch = queue.take()) {
      all.addAll(batch);
    }
    return all;
  }

  @Test
  void keepsTheOrder() throws InterruptedException {
    EventQueue queue = new EventQueue(10);
    queue.add(new Started("a"));
    queue.add(new Log("a", "stderr", "x"));
    queue.add(new Cancelled("a"));
    assertEquals(
        List.of(new Started("a"), new Log("a", "stderr", "x"), new Cancelled("a")), drain(queue));
  }

  @Test
  void keepsTheNewestProgressOfEachJobOnly() throws InterruptedException {
    EventQueue queue = new EventQueue(10);
    queue.add(new Progress("a", 0.1));
    queue.add(new Progress("b", 0.2));
    queue.add(new Rows("a", 10));
    queue.add(new Progress("a", 0.3));
    queue.add(new Rows("a", 20));
    assertEquals(
        List.of(new Progress("a", 0.3), new Progress("b", 0.2), new Rows("a", 20)), drain(queue));
  }

  @Test
  void dropsLogsBeyondTheCapacityAndSaysSoBeforeTheEnd() throws InterruptedException {
    EventQueue queue = new EventQueue(2);
    for (int i = 0; i < 5; i++) {
      queue.add(new Log("a", "stderr", "line " + i));
    }
    queue.add(new Cancelled("a"));
    List<Event> events = drain(queue);
    assertEquals(4, events.size());
    assertEquals(
        new Log("a", "stderr", "[3 log entries were dropped]\n"), events.get(events.size() - 2));
    assertEquals(new Cancelled("a"), events.get(events.size() - 1));
  }

  @Test
  void neverDropsAnEnd() throws InterruptedException {
    EventQueue queue = new EventQueue(0);
    for (int i = 0; i < 1000; i++) {
      queue.add(new Cancelled("job-" + i));
    }
    assertEquals(1000, drain(queue).size());
  }

  @Test
  void boundsABatch() throws InterruptedException {
    EventQueue queue = new EventQueue(1000);
    for (int i = 0; i < 1000; i++) {
      queue.add(new Cancelled("job-" + i));
    }
    assertTrue(queue.take().size() < 1000);
  }
}
