package com.whereq.libra.driver.python;

import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.Log;
import com.whereq.libra.driver.PacedEvents;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Consumer;

/** What a job prints: all of it, up to a limit, as log events, and the first of stdout as text. */
final class JobOutput {
  private static final int MAX_TEXT_BYTES = 1 << 20;

  private final class Stream {
    private final String name;
    private final CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private ByteBuffer rest = ByteBuffer.allocate(0);
    private long bytes;
    private boolean full;

    Stream(String name) {
      this.name = name;
    }

    void write(ByteBuffer data) throws InterruptedException {
      if (full) {
        return;
      }
      int room = (int) Math.min(data.remaining(), maxLogBytes - bytes);
      boolean last = room < data.remaining();
      bytes += room;
      publish(data.slice().limit(room), last);
      if (last) {
        full = true;
        String text = "\n[the output ends here: %d bytes are kept]\n".formatted(maxLogBytes);
        events.accept(new Log(jobId, name, text));
      }
    }

    void publish(ByteBuffer data, boolean last) throws InterruptedException {
      ByteBuffer whole = ByteBuffer.allocate(rest.remaining() + data.remaining());
      whole.put(rest).put(data).flip();
      CharBuffer text = CharBuffer.allocate(whole.remaining() + 1);
      decoder.decode(whole, text, last);
      // The first bytes of a character whose others are still to come.
      rest = ByteBuffer.allocate(whole.remaining()).put(whole).flip();
      if (text.flip().hasRemaining()) {
        if (events instanceof PacedEvents paced) {
          paced.awaitRoom();
        }
        events.accept(new Log(jobId, name, text.toString()));
      }
    }
  }

  private final String jobId;
  private final long maxLogBytes;
  private final Consumer<Event> events;
  private final Map<String, Stream> streams =
      Map.of("stdout", new Stream("stdout"), "stderr", new Stream("stderr"));
  private final ByteArrayOutputStream head = new ByteArrayOutputStream();
  private boolean truncated;

  JobOutput(String jobId, long maxLogBytes, Consumer<Event> events) {
    this.jobId = jobId;
    this.maxLogBytes = maxLogBytes;
    this.events = events;
  }

  synchronized void write(String stream, ByteBuffer data) throws InterruptedException {
    if (stream.equals("stdout")) {
      keep(data.slice());
    }
    Stream written = streams.get(stream);
    if (written != null) {
      written.write(data);
    }
  }

  void note(String line) {
    events.accept(new Log(jobId, "stderr", "[" + line + "]\n"));
  }

  /** The first of stdout. */
  synchronized String text() {
    ByteBuffer bytes = ByteBuffer.wrap(head.toByteArray());
    if (!truncated) {
      return StandardCharsets.UTF_8.decode(bytes).toString();
    }
    // Without the half of a character at the cut.
    CharBuffer text = CharBuffer.allocate(bytes.remaining());
    StandardCharsets.UTF_8
        .newDecoder()
        .onMalformedInput(CodingErrorAction.REPLACE)
        .decode(bytes, text, false);
    return text.flip().toString();
  }

  synchronized boolean isTruncated() {
    return truncated;
  }

  private void keep(ByteBuffer data) {
    int room = Math.min(data.remaining(), MAX_TEXT_BYTES - head.size());
    truncated |= room < data.remaining();
    byte[] bytes = new byte[room];
    data.get(bytes);
    head.writeBytes(bytes);
  }
}
