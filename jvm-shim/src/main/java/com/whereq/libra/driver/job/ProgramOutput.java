package com.whereq.libra.driver.job;

import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.Log;
import com.whereq.libra.driver.DriverProtocol.ResultSummary;
import com.whereq.libra.driver.PacedEvents;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * What a program writes to its two streams: whole lines go out as events, up to a limit for each
 * stream; the beginning of stdout is the job's result. What comes after a limit is dropped.
 */
public final class ProgramOutput {
  private static final int RESULT_BYTES = 1 << 20;
  private static final int CHUNK_BYTES = 48 << 10;

  private final String jobId;
  private final long maxBytes;
  private final Consumer<Event> events;
  private final Stream stdout = new Stream("stdout");
  private final Stream stderr = new Stream("stderr");
  private final StringBuilder result = new StringBuilder();
  private int resultBytes;
  private boolean truncated;

  public ProgramOutput(String jobId, long maxBytes, Consumer<Event> events) {
    this.jobId = jobId;
    this.maxBytes = maxBytes;
    this.events = events;
  }

  public void stdout(byte[] bytes, int offset, int length) {
    stdout.write(bytes, offset, length);
  }

  public void stderr(byte[] bytes, int offset, int length) {
    stderr.write(bytes, offset, length);
  }

  /** A line of ours about the program. */
  public void note(String line) {
    byte[] bytes = ("[" + line + "]\n").getBytes(StandardCharsets.UTF_8);
    stderr.write(bytes, 0, bytes.length);
  }

  /** Hands on what waits for the end of its line. */
  public void flush() {
    stdout.flush(false);
    stderr.flush(false);
  }

  /** Nothing is taken any more. */
  public void close() {
    stdout.close();
    stderr.close();
  }

  /** To be asked for after the end. */
  public ResultSummary summary() {
    synchronized (stdout) {
      return new ResultSummary(result.toString(), null, null, truncated, true, 0);
    }
  }

  /** Who writes faster than the server reads waits for it. */
  private void awaitRoom() {
    if (events instanceof PacedEvents paced) {
      try {
        paced.awaitRoom();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void keep(String text) {
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (truncated || resultBytes + bytes <= RESULT_BYTES) {
      if (!truncated) {
        result.append(text);
        resultBytes += bytes;
      }
      return;
    }
    truncated = true;
    for (int i = 0; i < text.length(); ) {
      int point = text.codePointAt(i);
      int width = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      if (resultBytes + width > RESULT_BYTES) {
        return;
      }
      result.appendCodePoint(point);
      resultBytes += width;
      i += Character.charCount(point);
    }
  }

  private final class Stream {
    private final String name;
    private final byte[] waiting = new byte[CHUNK_BYTES];
    private final CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private int size;
    private long taken;
    private boolean ended;

    Stream(String name) {
      this.name = name;
    }

    synchronized void write(byte[] bytes, int offset, int length) {
      if (ended) {
        return;
      }
      int take = (int) Math.min(length, maxBytes - taken);
      taken += take;
      boolean lineEnded = false;
      for (int i = 0; i < take; ) {
        int count = Math.min(take - i, CHUNK_BYTES - size);
        System.arraycopy(bytes, offset + i, waiting, size, count);
        size += count;
        i += count;
        if (size == CHUNK_BYTES) {
          emit(false);
        }
      }
      for (int i = offset + take - 1; i >= offset && !lineEnded; i--) {
        lineEnded = bytes[i] == '\n';
      }
      if (lineEnded && this == stderr) {
        emit(false);
      }
      if (take < length) {
        end();
      }
    }

    synchronized void flush(boolean last) {
      if (!ended && (size > 0 || last)) {
        emit(last);
      }
    }

    synchronized void close() {
      flush(true);
      ended = true;
    }

    private void end() {
      emit(true);
      ended = true;
      if (this == stdout) {
        truncated = true;
      }
      events.accept(
          new Log(jobId, name, "[the output ends here: " + maxBytes + " bytes are kept]\n"));
    }

    /** Characters that are not whole yet stay. */
    private void emit(boolean last) {
      ByteBuffer in = ByteBuffer.wrap(waiting, 0, size);
      CharBuffer out = CharBuffer.allocate(size + 4);
      decoder.decode(in, out, last);
      if (last) {
        decoder.flush(out);
        decoder.reset();
      }
      size = in.remaining();
      System.arraycopy(waiting, in.position(), waiting, 0, size);
      String text = out.flip().toString();
      if (!text.isEmpty()) {
        if (this == stdout) {
          keep(text);
        }
        awaitRoom();
        events.accept(new Log(jobId, name, text));
      }
    }
  }
}
