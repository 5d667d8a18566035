package com.whereq.libra.driver.result;

import java.io.IOException;
import java.io.Serializable;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.types.StructType;
import scala.collection.Iterator;

/** How rows become batches: the same for tasks and for the driver's own rows. */
record RowFormat(StructType type, String timeZone, long batchBytes) implements Serializable {
  private static final int MAX_BATCH_ROWS = 10_000;
  private static final long MAX_BATCH_BYTES = 4L << 20;
  private static final long MIN_BATCH_BYTES = 1L << 10;

  /** A small limit makes small batches: what is stored is cut between them. */
  static RowFormat of(StructType type, String timeZone, long maxResultBytes) {
    long share = Math.max(MIN_BATCH_BYTES, maxResultBytes / 16);
    return new RowFormat(type, timeZone, Math.min(MAX_BATCH_BYTES, share));
  }

  /** Answers whether every row has been taken. */
  boolean copy(Iterator<InternalRow> rows, PartitionTarget target) throws IOException {
    if (!rows.hasNext()) {
      return true;
    }
    UnsafeProjection toUnsafe = null;
    boolean head = target.wantsHead();
    long bytes = 0;
    try (ArrowEncoder encoder = new ArrowEncoder(type, timeZone)) {
      while (rows.hasNext()) {
        InternalRow row = rows.next();
        if (!(row instanceof UnsafeRow)) {
          toUnsafe = toUnsafe == null ? UnsafeProjection.create(type) : toUnsafe;
          row = toUnsafe.apply(row);
        }
        UnsafeRow unsafe = (UnsafeRow) row;
        if (head) {
          // A copy: Spark writes every row into the same buffer.
          target.head(unsafe.copy().getBytes());
          head = target.wantsHead();
        }
        encoder.add(unsafe);
        bytes += unsafe.getSizeInBytes();
        if (bytes >= batchBytes || encoder.rowCount() >= MAX_BATCH_ROWS) {
          stopIfKilled();
          if (!target.batch(encoder)) {
            return false;
          }
          bytes = 0;
        }
      }
      return encoder.rowCount() == 0 || target.batch(encoder);
    }
  }

  private static void stopIfKilled() {
    TaskContext task = TaskContext.get();
    if (task != null) {
      task.killTaskIfInterrupted();
    }
  }
}
