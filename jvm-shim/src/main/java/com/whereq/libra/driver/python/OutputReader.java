package com.whereq.libra.driver.python;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads both streams of an interpreter on one thread. What a process has written lies in this
 * side's buffer at once, so that "everything up to now" is what can be read without waiting.
 */
final class OutputReader {
  private static final Logger LOG = LoggerFactory.getLogger(OutputReader.class);
  private static final int CHUNK_BYTES = 64 << 10;
  private static final int UNCLAIMED_BYTES = 8192;
  private static final long END_MILLIS = 3000;

  private record Pending(String stream, SocketChannel channel) {}

  private final StringBuilder unclaimed = new StringBuilder();
  private final List<Pending> pending = new ArrayList<>();
  private final List<CompletableFuture<Void>> drains = new ArrayList<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK_BYTES);
  private Selector selector;
  private int connected;
  private boolean closed;
  private volatile JobOutput sink;

  synchronized void connected(String stream, SocketChannel channel) throws IOException {
    if (closed) {
      channel.close();
      return;
    }
    if (selector == null) {
      selector = Selector.open();
      Interpreter.daemon(this::run, "libra-python-output").start();
    }
    channel.configureBlocking(false);
    pending.add(new Pending(stream, channel));
    connected++;
    selector.wakeup();
  }

  void writeTo(JobOutput next) {
    sink = next;
  }

  String unclaimed() {
    synchronized (unclaimed) {
      return unclaimed.toString().strip();
    }
  }

  /** What was written before the call has been handed on. */
  void drain() {
    CompletableFuture<Void> drain = new CompletableFuture<>();
    synchronized (this) {
      if (selector == null || closed || over.getCount() == 0) {
        return;
      }
      drains.add(drain);
      selector.wakeup();
    }
    Uninterrupted.get(drain::get);
  }

  void drainToTheEnd() {
    synchronized (this) {
      if (selector == null) {
        return;
      }
    }
    // Bounded: where orphans cannot be found, one may hold a stream open for as long as it lives.
    if (!Uninterrupted.get(() -> over.await(END_MILLIS, TimeUnit.MILLISECONDS))) {
      LOG.warn("A process that a Python job has started still holds its output");
      drain();
    }
  }

  synchronized void close() {
    closed = true;
    if (selector != null) {
      selector.wakeup();
    }
  }

  private void run() {
    int ended = 0;
    try (Selector open = selector) {
      // Both streams come, one after the other, before there is anything to read.
      while (!isClosed() && ended < 2) {
        open.select();
        List<CompletableFuture<Void>> asked = register();
        for (SelectionKey key : open.selectedKeys()) {
          ended += read(key);
        }
        open.selectedKeys().clear();
        if (!asked.isEmpty()) {
          for (SelectionKey key : List.copyOf(open.keys())) {
            ended += readAll(key);
          }
          asked.forEach(drain -> drain.complete(null));
        }
      }
      for (SelectionKey key : open.keys()) {
        key.channel().close();
      }
    } catch (IOException | InterruptedException e) {
      LOG.warn("The output of an interpreter is not read any more: {}", e.toString());
    } finally {
      over.countDown();
      synchronized (this) {
        closed = true;
        drains.forEach(drain -> drain.complete(null));
      }
    }
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private synchronized List<CompletableFuture<Void>> register() throws IOException {
    for (Pending next : pending) {
      next.channel().register(selector, SelectionKey.OP_READ, next.stream());
    }
    pending.clear();
    List<CompletableFuture<Void>> asked = List.copyOf(drains);
    drains.clear();
    return asked;
  }

  /** 1 when the stream has ended. */
  private int read(SelectionKey key) throws IOException, InterruptedException {
    return key.isValid() && readSome(key) < 0 ? 1 : 0;
  }

  private int readAll(SelectionKey key) throws IOException, InterruptedException {
    int count = 1;
    while (key.isValid() && count > 0) {
      count = readSome(key);
    }
    return count < 0 ? 1 : 0;
  }

  private int readSome(SelectionKey key) throws IOException, InterruptedException {
    SocketChannel channel = (SocketChannel) key.channel();
    String stream = (String) key.attachment();
    int count;
    try {
      count = channel.read(buffer.clear());
    } catch (IOException e) {
      count = -1;
    }
    JobOutput current = sink;
    if (count < 0) {
      key.cancel();
      channel.close();
    } else if (count > 0) {
      buffer.flip();
      if (current != null) {
        current.write(stream, buffer);
      } else {
        remember(StandardCharsets.UTF_8.decode(buffer).toString());
      }
    }
    return count;
  }

  private void remember(String text) {
    synchronized (unclaimed) {
      unclaimed.append(text);
      unclaimed.delete(0, Math.max(0, unclaimed.length() - UNCLAIMED_BYTES));
    }
  }
}
