package com.whereq.libra.driver.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The first rows of a result, for its inline text. Partitions end in any order; rows that turn out
 * to lie beyond the limit are forgotten as soon as that is known.
 */
final class HeadRows {
  /** The text is bounded at half of this in characters. */
  static final long MAX_BYTES = 16L << 20;

  private record Part(List<byte[]> rows, long rowCount) {}

  private final int limit;
  private final Map<Integer, Part> parts = new TreeMap<>();
  private int nextPartition;
  private long rowsBefore;

  HeadRows(int limit) {
    this.limit = limit;
  }

  int limit() {
    return limit;
  }

  synchronized boolean isComplete() {
    return rowsBefore >= limit;
  }

  /** A partition has ended with so many rows in all, of which these are the first. */
  synchronized void add(int partition, List<byte[]> rows, long rowCount) {
    parts.putIfAbsent(partition, new Part(rows, rowCount));
    while (rowsBefore < limit && parts.containsKey(nextPartition)) {
      rowsBefore += parts.get(nextPartition).rowCount();
      nextPartition++;
    }
    if (rowsBefore >= limit) {
      parts.keySet().removeIf(index -> index >= nextPartition);
    }
  }

  /** Up to {@code count} rows; fewer when a partition's own head was cut for its size. */
  synchronized List<byte[]> first(long count) {
    List<byte[]> rows = new ArrayList<>();
    for (Part part : parts.values()) {
      for (byte[] row : part.rows()) {
        if (rows.size() >= Math.min(count, limit)) {
          return rows;
        }
        rows.add(row);
      }
      if (part.rows().size() < part.rowCount()) {
        return rows;
      }
    }
    return rows;
  }
}
