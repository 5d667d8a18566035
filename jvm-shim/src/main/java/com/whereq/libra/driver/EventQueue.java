package com.whereq.libra.driver;

import com.whereq.libra.driver.DriverProtocol.EndEvent;
import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.Log;
import com.whereq.libra.driver.DriverProtocol.Progress;
import com.whereq.libra.driver.DriverProtocol.Rows;
import com.whereq.libra.driver.DriverProtocol.Succeeded;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What waits for the pump. It never blocks those who publish and stays bounded however slow the
 * other side is: of progress and row counts only the newest of each job waits; log lines beyond the
 * capacity are dropped and a note says how many; everything else (its number is bounded by the
 * number of jobs) always gets in, in order.
 */
final class EventQueue {
  private static final int MAX_BATCH_EVENTS = 256;
  private static final int MAX_BATCH_CHARACTERS = 1 << 20;

  /** Beyond this, those who can wait have to. */
  private static final long ROOMY_CHARACTERS = 4L << 20;

  private static final class Slot {
    private Event event;

    Slot(Event event) {
      this.event = event;
    }
  }

  private final int logCapacity;
  private final Deque<Slot> slots = new ArrayDeque<>();
  private final Map<String, Slot> newestProgress = new HashMap<>();
  private final Map<String, Slot> newestRows = new HashMap<>();
  private final Map<String, Integer> droppedLines = new HashMap<>();
  private int waitingLogs;
  private long waitingCharacters;
  private boolean closed;

  EventQueue(int logCapacity) {
    this.logCapacity = logCapacity;
  }

  synchronized void add(Event event) {
    if (event instanceof Log log) {
      addLog(log);
    } else if (event instanceof Progress progress) {
      addNewest(newestProgress, progress.jobId(), progress);
    } else if (event instanceof Rows rows) {
      addNewest(newestRows, rows.jobId(), rows);
    } else {
      if (event instanceof EndEvent end) {
        noteDropped(end.jobId());
      }
      append(event);
    }
    notifyAll();
  }

  /** The next batch; waits for one, and is empty only when the queue is closed and drained. */
  synchronized List<Event> take() throws InterruptedException {
    while (slots.isEmpty() && !closed) {
      wait();
    }
    List<Event> batch = new ArrayList<>();
    int characters = 0;
    while (!slots.isEmpty()
        && batch.size() < MAX_BATCH_EVENTS
        && characters < MAX_BATCH_CHARACTERS) {
      Slot slot = slots.pop();
      forget(slot);
      batch.add(slot.event);
      characters += weight(slot.event);
    }
    waitingCharacters -= characters;
    notifyAll();
    return batch;
  }

  /** For publishers of much text, so that a slow reader slows them down. */
  synchronized void awaitRoom() throws InterruptedException {
    while (waitingCharacters > ROOMY_CHARACTERS && !closed) {
      wait();
    }
  }

  /** What is in the queue still leaves it; what comes later does too, until it is empty. */
  synchronized void close() {
    closed = true;
    notifyAll();
  }

  private void addLog(Log log) {
    if (waitingLogs >= logCapacity) {
      droppedLines.merge(log.jobId(), 1, Integer::sum);
      return;
    }
    noteDropped(log.jobId());
    waitingLogs++;
    append(log);
  }

  private void noteDropped(String jobId) {
    Integer count = droppedLines.remove(jobId);
    if (count != null) {
      waitingLogs++;
      append(new Log(jobId, "stderr", "[" + count + " log entries were dropped]\n"));
    }
  }

  private void addNewest(Map<String, Slot> newest, String jobId, Event event) {
    Slot waiting = newest.get(jobId);
    if (waiting != null) {
      waiting.event = event;
    } else {
      newest.put(jobId, append(event));
    }
  }

  private Slot append(Event event) {
    Slot slot = new Slot(event);
    slots.add(slot);
    waitingCharacters += weight(event);
    return slot;
  }

  private void forget(Slot slot) {
    if (slot.event instanceof Log) {
      waitingLogs--;
    } else if (slot.event instanceof Progress progress) {
      newestProgress.remove(progress.jobId());
    } else if (slot.event instanceof Rows rows) {
      newestRows.remove(rows.jobId());
    }
  }

  private static int weight(Event event) {
    if (event instanceof Log log) {
      return log.text().length();
    }
    return event instanceof Succeeded succeeded ? succeeded.result().text().length() : 0;
  }
}
