package com.whereq.libra.driver.jar;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.BiConsumer;

/**
 * System.out and System.err of the JVM: what a program's thread writes goes to its job, everything
 * else to where it went before.
 */
public final class OutputSwitch extends OutputStream {
  private final PrintStream otherwise;
  private final BiConsumer<JarJob, Slice> toJob;

  record Slice(byte[] bytes, int offset, int length) {}

  private OutputSwitch(PrintStream otherwise, BiConsumer<JarJob, Slice> toJob) {
    this.otherwise = otherwise;
    this.toJob = toJob;
  }

  /**
   * Once, after the loggers have taken the real streams and before Scala's Console takes these: it
   * keeps the stream that it meets first.
   */
  public static synchronized void install() {
    if (System.out instanceof Switched) {
      return;
    }
    PrintStream out = System.out;
    PrintStream err = System.err;
    System.setOut(
        new Switched(
            new OutputSwitch(out, (job, s) -> job.output().stdout(s.bytes, s.offset, s.length))));
    System.setErr(
        new Switched(
            new OutputSwitch(err, (job, s) -> job.output().stderr(s.bytes, s.offset, s.length))));
  }

  @Override
  public void write(int value) {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    JarJob job = JarJob.current();
    if (job == null) {
      otherwise.write(bytes, offset, length);
    } else {
      toJob.accept(job, new Slice(bytes, offset, length));
    }
  }

  @Override
  public void flush() {
    otherwise.flush();
  }

  /** Programs that close their output close nobody else's. */
  private static final class Switched extends PrintStream {
    Switched(OutputStream target) {
      super(target, true, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
      flush();
    }
  }
}
