package com.whereq.libra.driver.result;

import com.whereq.libra.driver.error.JobFailure;
import com.whereq.libra.driver.result.ResultManifest.Batch;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The result of one job while it is being written. Partitions come in any order and at the same
 * time; what stays in the end is a prefix of the rows in partition order, as long as the limit
 * allows. A partition may stop as soon as the bytes of itself and of those before it pass the
 * limit: whatever the others still bring, its later rows cannot be part of the prefix.
 */
final class ResultSink {
  /** A partition's chunk file as it was written. */
  record Part(Path file, List<Batch> batches, boolean whole) {
    long rowCount() {
      return batches.stream().mapToLong(Batch::rowCount).sum();
    }
  }

  private final ResultSpec spec;
  private final PrefixSums bytes;
  private final long[] bytesOf;
  private final Map<Integer, Part> parts = new TreeMap<>();
  private final HeadRows heads;

  /** All partitions before this one have ended. */
  private int ended;

  private long rowCount;
  private JobFailure failure;
  private boolean closed;

  ResultSink(ResultSpec spec, int partitions) {
    this.spec = spec;
    this.bytes = new PrefixSums(partitions);
    this.bytesOf = new long[partitions];
    this.heads = new HeadRows(spec.rowLimit());
  }

  Path folder() {
    return spec.folder();
  }

  int partitions() {
    return bytesOf.length;
  }

  HeadRows heads() {
    return heads;
  }

  /** An attempt at a partition begins, from nothing. False when none of its rows can be kept. */
  synchronized boolean begin(int partition) {
    stopIfClosed();
    if (!parts.containsKey(partition)) {
      count(partition, -bytesOf[partition]);
    }
    return spec.failOnOverflow() || bytes.sumOfFirst(partition) <= spec.maxBytes();
  }

  /** A partition has grown. False when its later rows cannot be kept. */
  synchronized boolean grew(int partition, long amount) {
    stopIfClosed();
    if (!parts.containsKey(partition)) {
      count(partition, amount);
    }
    if (spec.failOnOverflow() && bytes.sumOfFirst(bytesOf.length) > spec.maxBytes()) {
      fail(tooLarge());
    }
    return bytes.sumOfFirst(partition + 1) <= spec.maxBytes();
  }

  /**
   * An attempt has written all that it has. False when another attempt was first: then this one's
   * file is not needed.
   */
  synchronized boolean commit(int partition, Part part, List<byte[]> head) {
    stopIfClosed();
    if (parts.putIfAbsent(partition, part) != null) {
      return false;
    }
    while (parts.containsKey(ended)) {
      ended++;
    }
    long rows = part.rowCount();
    heads.add(partition, head, rows);
    rowCount += rows;
    spec.onRows().accept(rowCount);
    return true;
  }

  /** True when the partitions that have ended from the first on already pass the limit. */
  synchronized boolean isFull() {
    return bytes.sumOfFirst(ended) > spec.maxBytes();
  }

  synchronized void writeFailed(IOException cause) {
    if (!closed) {
      fail(notStored(cause));
    }
  }

  static JobFailure notStored(IOException cause) {
    return new JobFailure(
        "RESULT_NOT_STORED",
        "The result could not be written to the result store: " + reason(cause),
        null,
        true,
        null);
  }

  /** What ended the writing from inside, if anything did: the cause of whatever Spark reports. */
  synchronized JobFailure failure() {
    return failure;
  }

  /** From here on nothing is written any more; attempts that still run stop at their next batch. */
  synchronized void close() {
    closed = true;
  }

  synchronized Map<Integer, Part> parts() {
    return parts;
  }

  ResultSpec spec() {
    return spec;
  }

  private void count(int partition, long amount) {
    bytes.add(partition, amount);
    bytesOf[partition] += amount;
  }

  private void stopIfClosed() {
    if (failure != null) {
      throw failure;
    }
    if (closed) {
      throw new IllegalStateException("The result is closed: its job has ended");
    }
  }

  private void fail(JobFailure cause) {
    failure = failure == null ? cause : failure;
    throw failure;
  }

  /** Without the path, which is nobody's business. */
  private static String reason(IOException cause) {
    if (cause instanceof FileSystemException file) {
      return file.getReason() == null ? file.getClass().getSimpleName() : file.getReason();
    }
    return String.valueOf(cause.getMessage());
  }

  private JobFailure tooLarge() {
    return new JobFailure(
        "RESULT_TOO_LARGE",
        "The result is larger than the " + spec.maxBytes() + " bytes that may be stored",
        "Ask for fewer rows or columns, or let onOverflow be TRUNCATE.",
        false,
        null);
  }
}
