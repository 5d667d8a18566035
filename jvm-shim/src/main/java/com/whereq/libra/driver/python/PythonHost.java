package com.whereq.libra.driver.python;

import com.whereq.libra.driver.DriverProtocol.Python;
import com.whereq.libra.driver.error.JobFailure;
import com.whereq.libra.driver.result.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.classic.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The interpreters of one SparkContext. Some wait for their job, attached already; one that is
 * taken is replaced in the background, when the job that took it has had its start.
 */
public final class PythonHost implements Zygote.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(PythonHost.class);
  private static final long REFILL_DELAY_MILLIS = 300;
  private static final long START_LIMIT_MILLIS = 60_000;

  private final Python runtime;
  private final SparkSession root;
  private final Path folder;
  private final StreamSocket socket;
  private final Contexts contexts;
  private final Map<String, Interpreter> interpreters = new ConcurrentHashMap<>();
  private final ScheduledExecutorService work =
      Executors.newSingleThreadScheduledExecutor(
          body -> {
            Thread thread = new Thread(body, "libra-python");
            thread.setDaemon(true);
            return thread;
          });

  // Guarded by this.
  private final Deque<Interpreter> ready = new ArrayDeque<>();
  private final Set<Interpreter> starting = new HashSet<>();
  private int waiting;
  private String failure;
  private boolean served;
  private boolean closed;

  // Of the one thread of work.
  private Zygote zygote;

  private PythonHost(Python runtime, SparkSession root, Path folder) throws IOException {
    this.runtime = runtime;
    this.root = root;
    this.folder = Files.createDirectories(folder);
    this.contexts = new Contexts(this, runtime.maxContexts());
    this.socket = StreamSocket.open(folder, interpreters::get);
  }

  public static PythonHost open(Python runtime, SparkSession root, Path folder) throws IOException {
    PythonHost host = new PythonHost(runtime, root, folder);
    host.refill(0);
    return host;
  }

  /** An interpreter that nobody else has or had. */
  Interpreter take() throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_LIMIT_MILLIS);
    synchronized (this) {
      failure = null;
      waiting++;
      try {
        if (ready.isEmpty()) {
          refill(0);
        }
        Interpreter taken = livingOne();
        while (taken == null) {
          long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
          if (closed || failure != null || left <= 0) {
            throw notStarted(failure);
          }
          wait(left);
          taken = livingOne();
        }
        return taken;
      } finally {
        waiting--;
        refill(REFILL_DELAY_MILLIS);
      }
    }
  }

  /** Null when none is ready: one that was killed a moment ago may still be among them. */
  private Interpreter livingOne() {
    for (Interpreter next = ready.poll(); next != null; next = ready.poll()) {
      if (next.isAlive()) {
        return next;
      }
      refill(0);
    }
    return null;
  }

  /** The job that took one has ended: there is time to start another. */
  void released() {
    refill(0);
  }

  Contexts contexts() {
    return contexts;
  }

  /** Ends the stateful interpreters of a session. */
  public void closeSession(String sessionId) {
    contexts.endAll(sessionId);
  }

  /** Ends every interpreter, and what they have started. */
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      work.submit(this::endZygote).get(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      LOG.warn("The interpreters did not end in time: {}", e.toString());
    }
    work.shutdown();
    interpreters.values().forEach(interpreter -> interpreter.ended(Interpreter.LOST));
    socket.close();
    Folders.delete(folder);
  }

  SparkSession root() {
    return root;
  }

  void signal(Interpreter interpreter, int number) {
    run(
        () -> {
          if (zygote != null) {
            zygote.signal(interpreter.id(), number);
          }
        },
        0);
  }

  void forget(Interpreter interpreter) {
    interpreters.remove(interpreter.id(), interpreter);
  }

  /** Called by the interpreter's own thread. */
  synchronized void isReady(Interpreter interpreter) {
    if (starting.remove(interpreter)) {
      served = true;
      ready.add(interpreter);
      notifyAll();
    }
  }

  @Override
  public void ended(String id, int status) {
    Interpreter interpreter = interpreters.get(id);
    if (interpreter == null) {
      return;
    }
    interpreter.ended(status);
    synchronized (this) {
      ready.remove(interpreter);
      if (starting.remove(interpreter) && status != Interpreter.LOST) {
        failure = interpreter.lastWords();
        LOG.error("An interpreter could not start: {}", failure);
        notifyAll();
      }
    }
    if (!interpreter.isBusy()) {
      // A busy one is its job's to clear away.
      run(interpreter::dispose, 0);
    }
  }

  @Override
  public void lost(String lastWords) {
    LOG.warn("The parent of the Python interpreters ended: {}", lastWords);
    run(
        () -> {
          Zygote gone = zygote;
          zygote = null;
          if (gone != null) {
            gone.killAll();
          }
          for (Interpreter interpreter : interpreters.values()) {
            ended(interpreter.id(), Interpreter.LOST);
          }
          startMissing();
        },
        0);
    synchronized (this) {
      // One that has served before was killed; another will do.
      if (!served) {
        failure = lastWords.isBlank() ? "it ended at once" : lastWords;
      }
      served = false;
      notifyAll();
    }
  }

  private void refill(long delayMillis) {
    run(this::startMissing, delayMillis);
  }

  private void startMissing() {
    while (isOneMissing()) {
      Interpreter interpreter = null;
      try {
        if (zygote == null) {
          zygote = Zygote.start(runtime, root.sparkContext().conf(), folder, socket.path(), this);
        }
        interpreter = new Interpreter(this, folder);
        interpreters.put(interpreter.id(), interpreter);
        synchronized (this) {
          starting.add(interpreter);
        }
        zygote.fork(interpreter);
      } catch (IOException | RuntimeException e) {
        LOG.error("Python could not be started", e);
        synchronized (this) {
          starting.remove(interpreter);
          // Of a parent that has just died we hear, and make another.
          if (zygote == null || zygote.isAlive()) {
            failure = e.getMessage();
            notifyAll();
          }
        }
        if (interpreter != null) {
          interpreter.ended(Interpreter.LOST);
          interpreter.dispose();
        }
        return;
      }
    }
  }

  private synchronized boolean isOneMissing() {
    return !closed && failure == null && ready.size() + starting.size() < runtime.ready() + waiting;
  }

  private void endZygote() {
    Zygote current = zygote;
    zygote = null;
    if (current != null) {
      current.end();
    }
  }

  private void run(Runnable step, long delayMillis) {
    try {
      work.schedule(step, delayMillis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.debug("The host of the interpreters is closed");
    }
  }

  private JobFailure notStarted(String why) {
    String reason = why == null ? "it did not answer in time" : why;
    return new JobFailure(
        "PROGRAM_NOT_STARTED",
        "No Python interpreter could be started with " + runtime.executable() + ": " + reason,
        "Check libra.python.executable and the server's log.",
        true,
        null);
  }
}
