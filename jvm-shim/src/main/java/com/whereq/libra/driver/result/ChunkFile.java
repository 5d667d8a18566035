package com.whereq.libra.driver.result;

import com.whereq.libra.driver.result.ResultManifest.Batch;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * One attempt at a partition's chunk file: written under a name of its own, and renamed by the
 * first attempt that gets through. A partition without rows makes no file.
 */
final class ChunkFile implements PartitionTarget, AutoCloseable {
  private final ResultSink sink;
  private final int partition;
  private final Path file;
  private final Path temporary;
  private final List<Batch> batches = new ArrayList<>();
  private final List<byte[]> head = new ArrayList<>();
  private long headBytes;
  private FileChannel channel;
  private boolean kept;

  ChunkFile(ResultSink sink, int partition, String attempt) {
    this.sink = sink;
    this.partition = partition;
    this.file = sink.folder().resolve(name(partition));
    this.temporary = sink.folder().resolve(name(partition) + "." + attempt + ".tmp");
  }

  /** The driver alone writes this partition: there is no other attempt to tell it from. */
  ChunkFile(ResultSink sink, int partition) {
    this.sink = sink;
    this.partition = partition;
    this.file = sink.folder().resolve(name(partition));
    this.temporary = file;
  }

  static String name(int partition) {
    return String.format("chunk-%05d.arrow", partition);
  }

  @Override
  public boolean wantsHead() {
    return head.size() < sink.heads().limit()
        && headBytes < HeadRows.MAX_BYTES
        && (!head.isEmpty() || !sink.heads().isComplete());
  }

  @Override
  public void head(byte[] row) {
    head.add(row);
    headBytes += row.length;
  }

  @Override
  public boolean batch(ArrowEncoder encoder) throws IOException {
    int rows = encoder.rowCount();
    long offset = length();
    long written = write(() -> encoder.writeBatch(open()));
    batches.add(new Batch(offset, written, rows));
    return sink.grew(partition, written);
  }

  /** Rows that an executor has encoded. */
  void encoded(byte[] bytes, int rows) throws IOException {
    long offset = length();
    java.nio.ByteBuffer buffer = java.nio.ByteBuffer.wrap(bytes);
    write(
        () -> {
          while (buffer.hasRemaining()) {
            open().write(buffer);
          }
          return (long) bytes.length;
        });
    batches.add(new Batch(offset, bytes.length, rows));
    sink.grew(partition, bytes.length);
  }

  void commit(boolean whole) throws IOException {
    boolean written = channel != null;
    if (written) {
      write(
          () -> {
            channel.close();
            return 0L;
          });
    }
    ResultSink.Part part = new ResultSink.Part(written ? file : null, batches, whole);
    if (sink.commit(partition, part, head) && written) {
      kept = true;
      if (temporary != file) {
        write(
            () -> {
              Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
              return 0L;
            });
      }
    }
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
      if (!kept) {
        Files.deleteIfExists(temporary);
      }
    }
  }

  private long length() {
    return batches.isEmpty()
        ? 0
        : batches.get(batches.size() - 1).offset() + batches.get(batches.size() - 1).length();
  }

  private FileChannel open() throws IOException {
    if (channel == null) {
      channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }
    return channel;
  }

  private interface Writing {
    long run() throws IOException;
  }

  /** Tells the sink of what the disk refuses; an interrupt is not the disk's fault. */
  private long write(Writing writing) throws IOException {
    try {
      return writing.run();
    } catch (ClosedByInterruptException e) {
      throw e;
    } catch (IOException e) {
      sink.writeFailed(e);
      throw e;
    }
  }
}
