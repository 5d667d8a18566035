package com.whereq.libra.driver.python;

import com.whereq.libra.driver.error.JobFailure;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The stateful interpreters, the least recently used first. */
final class Contexts {
  record Key(String sessionId, String name) {}

  /** An interpreter, and what its user has to know of it. */
  record Taken(Interpreter interpreter, String note) {}

  private static final int MAX_NOTES = 10_000;

  private final PythonHost host;
  private final int most;
  private final Map<Key, Interpreter> live = new LinkedHashMap<>(16, 0.75f, true);
  private final Set<Key> reserved = new HashSet<>();
  private final Map<Key, String> ends = new LinkedHashMap<>();

  Contexts(PythonHost host, int most) {
    this.host = host;
    this.most = most;
  }

  Taken take(String sessionId, String name) throws InterruptedException {
    Key key = new Key(sessionId, name);
    synchronized (this) {
      Interpreter known = live.get(key);
      if (known != null && !known.hasEnded()) {
        return new Taken(known, null);
      }
      if (known != null) {
        live.remove(key);
        note(key, "its interpreter had ended");
      }
      makeRoom();
      reserved.add(key);
    }
    try {
      Interpreter fresh = host.take();
      synchronized (this) {
        live.put(key, fresh);
        String end = ends.remove(key);
        return new Taken(
            fresh, end == null ? null : "The context " + name + " starts anew: " + end);
      }
    } finally {
      synchronized (this) {
        reserved.remove(key);
      }
    }
  }

  /** It does not live on; the next statement is told why. */
  synchronized void lost(String sessionId, String name, String why) {
    Key key = new Key(sessionId, name);
    live.remove(key);
    note(key, why);
  }

  synchronized void endAll(String sessionId) {
    List<Key> own = live.keySet().stream().filter(k -> k.sessionId().equals(sessionId)).toList();
    own.forEach(key -> live.remove(key).kill());
    ends.keySet().removeIf(key -> key.sessionId().equals(sessionId));
  }

  private void makeRoom() {
    if (live.size() + reserved.size() < most) {
      return;
    }
    for (Map.Entry<Key, Interpreter> entry : live.entrySet()) {
      if (!entry.getValue().isBusy()) {
        live.remove(entry.getKey());
        note(entry.getKey(), "it was the least recently used, and there is room for " + most);
        entry.getValue().kill();
        return;
      }
    }
    throw new JobFailure(
        "PROGRAM_NOT_STARTED",
        "All " + most + " contexts of the driver are busy",
        "Try again when one is free, or raise libra.python.max-contexts.",
        true,
        null);
  }

  private void note(Key key, String why) {
    ends.put(key, why);
    if (ends.size() > MAX_NOTES) {
      ends.remove(ends.keySet().iterator().next());
    }
  }
}
