package com.whereq.libra.driver.python;

import com.fasterxml.jackson.databind.JsonNode;
import com.whereq.libra.driver.DriverProtocol.Python;
import com.whereq.libra.driver.Json;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;

/**
 * The process that every interpreter is a fork of. It ends, and all of them with it, with its
 * stdin: a server that is killed leaves nothing behind.
 */
final class Zygote {
  /** On threads of the zygote's own. */
  interface Listener {
    /** Nothing is left of the interpreter's processes. A negative status is a signal. */
    void ended(String id, int status);

    /** The zygote itself has ended without having been told to. */
    void lost(String lastWords);
  }

  private static final int KEPT_CHARACTERS = 8192;
  private static final long END_MILLIS = 3000;

  private static final String MARK = "LIBRA_PYTHON";

  private final Process process;
  private final Marked all;
  private final OutputStream requests;
  private final Listener listener;
  private final StringBuilder errors = new StringBuilder();
  private volatile boolean ending;

  private Zygote(Process process, Marked all, Listener listener) {
    this.process = process;
    this.all = all;
    this.requests = process.getOutputStream();
    this.listener = listener;
  }

  static Zygote start(Python runtime, SparkConf conf, Path folder, Path socket, Listener listener)
      throws IOException {
    List<String> command = List.of(runtime.executable(), "-m", "libra_runner", socket.toString());
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    PythonEnvironment.fill(builder.environment(), runtime, conf);
    Marked all = new Marked(MARK, folder.toString());
    builder.environment().put(all.variable(), all.value());
    Zygote zygote = new Zygote(builder.start(), all, listener);
    Thread errors = thread(zygote::readErrors, "libra-python-errors");
    errors.start();
    thread(() -> zygote.readAnswers(errors), "libra-python-parent").start();
    return zygote;
  }

  void fork(Interpreter interpreter) throws IOException {
    send(
        Map.of(
            "fork",
            interpreter.id(),
            "port",
            interpreter.gateway().port(),
            "secret",
            interpreter.gateway().secret(),
            "folder",
            interpreter.folder().toString()));
  }

  void signal(String id, int number) {
    try {
      send(Map.of("signal", id, "number", number));
    } catch (IOException e) {
      // It has ended, and all with it.
    }
  }

  void end() {
    ending = true;
    try {
      requests.close();
      if (!process.waitFor(END_MILLIS, TimeUnit.MILLISECONDS)) {
        killAll();
      }
    } catch (IOException e) {
      killAll();
    } catch (InterruptedException e) {
      killAll();
      Thread.currentThread().interrupt();
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** When it does not do so itself, or is gone. */
  void killAll() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    all.killAll();
  }

  private synchronized void send(Object message) throws IOException {
    requests.write((Json.write(message) + "\n").getBytes(StandardCharsets.UTF_8));
    requests.flush();
  }

  private void readAnswers(Thread errorReader) {
    try (BufferedReader answers = reader(process.getInputStream())) {
      for (String line = answers.readLine(); line != null; line = answers.readLine()) {
        JsonNode answer = Json.MAPPER.readTree(line);
        if (answer.has("ended")) {
          listener.ended(answer.get("ended").asText(), answer.get("status").asInt());
        }
      }
    } catch (IOException e) {
      process.destroyForcibly();
    }
    if (!ending) {
      try {
        errorReader.join(1000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      listener.lost(errors());
    }
  }

  private void readErrors() {
    try (BufferedReader lines = reader(process.getErrorStream())) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        synchronized (errors) {
          errors.append(line).append('\n');
          errors.delete(0, Math.max(0, errors.length() - KEPT_CHARACTERS));
        }
      }
    } catch (IOException e) {
      // The process is gone.
    }
  }

  private String errors() {
    synchronized (errors) {
      return errors.toString().strip();
    }
  }

  private static BufferedReader reader(InputStream stream) {
    return new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
  }

  private static Thread thread(Runnable body, String name) {
    Thread thread = new Thread(body, name);
    thread.setDaemon(true);
    return thread;
  }

  static String joined(List<String> paths) {
    return String.join(File.pathSeparator, new ArrayList<>(paths));
  }
}
