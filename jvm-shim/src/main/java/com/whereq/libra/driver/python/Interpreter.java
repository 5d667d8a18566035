package com.whereq.libra.driver.python;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.whereq.libra.driver.Json;
import com.whereq.libra.driver.result.Folders;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Python process with what belongs to it on this side.
 *
 * <pre>
 *   STARTING ──says that it is ready──▶ ready ──run──▶ busy ──(a context) statement over──▶ ready
 *      any of them ──its processes have ended──▶ ended ──dispose──▶ nothing is left
 * </pre>
 */
final class Interpreter {
  /** The status of a process whose end nobody has seen. */
  static final int LOST = -1000;

  static final int SIGINT = 2;
  static final int SIGKILL = 9;

  private static final Logger LOG = LoggerFactory.getLogger(Interpreter.class);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final String id = newId();
  private final PythonHost host;
  private final Path folder;
  private final PythonEntry entry;
  private final PythonGateway gateway;
  private final OutputReader output = new OutputReader();
  private final BlockingQueue<JsonNode> words = new LinkedBlockingQueue<>();
  private final CompletableFuture<Integer> end = new CompletableFuture<>();
  private volatile SocketChannel control;
  private volatile long pid = -1;
  private volatile boolean busy;
  private volatile boolean silent;
  private boolean disposed;

  Interpreter(PythonHost host, Path parent) throws IOException {
    this.host = host;
    this.folder = Files.createDirectory(parent.resolve(id));
    this.entry = new PythonEntry(host.root());
    this.gateway = new PythonGateway(entry);
  }

  String id() {
    return id;
  }

  Path folder() {
    return folder;
  }

  PythonGateway gateway() {
    return gateway;
  }

  boolean hasEnded() {
    return end.isDone();
  }

  /** Meaningful once it has ended. */
  int status() {
    return end.getNow(LOST);
  }

  boolean isBusy() {
    return busy;
  }

  /** What it printed when it had no job: why it could not start. */
  String lastWords() {
    return output.unclaimed();
  }

  /** One of its three connections; by the thread that accepts them. */
  void connected(String stream, SocketChannel channel) throws IOException {
    if (stream.equals("control")) {
      control = channel;
      daemon(this::readControl, "libra-python-control-" + id).start();
    } else {
      output.connected(stream, channel);
    }
  }

  /** From here to {@link #free} the interpreter is the statement's. */
  void occupy(PythonStatement statement, JobOutput sink) {
    busy = true;
    words.clear();
    // It may have ended meanwhile, and that is a word as well.
    noMoreWords();
    output.writeTo(sink);
    entry.begin(statement);
  }

  void run(Object request) throws IOException {
    ByteBuffer line =
        ByteBuffer.wrap((Json.write(request) + "\n").getBytes(StandardCharsets.UTF_8));
    while (line.hasRemaining()) {
      control.write(line);
    }
  }

  /** The next thing it says, or null when it has ended. An interrupt does not end the wait. */
  JsonNode awaitWord() {
    JsonNode word = Uninterrupted.get(words::take);
    if (word.isNull()) {
      words.add(word);
      return null;
    }
    return word;
  }

  /** Everything that was printed up to now has been handed on. */
  void drain() {
    output.drain();
  }

  /** All that its processes have printed has been handed on; they have ended before. */
  void drainToTheEnd() {
    output.drainToTheEnd();
  }

  void free() {
    entry.end();
    output.writeTo(null);
    busy = false;
  }

  void interrupt() {
    host.signal(this, SIGINT);
  }

  void kill() {
    host.signal(this, SIGKILL);
  }

  void awaitEnd() {
    Uninterrupted.get(end::get);
  }

  /** As far as the system tells: the end may be on its way to us. */
  boolean isAlive() {
    return !hasEnded() && ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  /** Nothing is left of its processes. */
  void ended(int status) {
    end.complete(status);
    if (status == LOST) {
      // One of them may live on and hold the connection.
      closeControl();
    }
    noMoreWords();
  }

  /** What it said before its end may be read after that. */
  private void noMoreWords() {
    if (end.isDone() && (silent || control == null)) {
      words.add(NullNode.instance);
    }
  }

  private void closeControl() {
    try {
      if (control != null) {
        control.close();
      }
    } catch (IOException e) {
      LOG.debug("The connection of an interpreter: {}", e.toString());
    }
  }

  /** Frees what this side holds; waits for little, and may be called again. */
  synchronized void dispose() {
    if (disposed) {
      return;
    }
    disposed = true;
    gateway.close();
    if (!gateway.isQuiet()) {
      entry.cancelAll();
      gateway.interrupt();
    }
    output.close();
    closeControl();
    entry.dispose();
    Folders.delete(folder);
    host.forget(this);
  }

  PythonEntry entry() {
    return entry;
  }

  private void readControl() {
    try (BufferedReader lines =
        new BufferedReader(Channels.newReader(control, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode word = Json.MAPPER.readTree(line);
        if (word.has("ready")) {
          pid = word.get("ready").asLong();
          host.isReady(this);
        } else {
          words.add(word);
        }
      }
    } catch (IOException e) {
      LOG.debug("The connection of an interpreter ended: {}", e.toString());
    } finally {
      silent = true;
      noMoreWords();
    }
  }

  /** Known to the interpreter and its parent alone: it opens the streams. */
  private static String newId() {
    byte[] bytes = new byte[12];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  static Thread daemon(Runnable body, String name) {
    Thread thread = new Thread(body, name);
    thread.setDaemon(true);
    return thread;
  }
}
