package com.whereq.libra.driver.result;

import com.whereq.libra.driver.DriverProtocol.Column;
import java.util.List;

/** {@code manifest.json} of a result folder; {@code src/domain/result.ts} says what it means. */
record ResultManifest(
    int version,
    List<Column> columns,
    String sparkSchema,
    String timeZone,
    long rowCount,
    long byteCount,
    boolean complete,
    List<Chunk> chunks) {

  record Batch(long offset, long length, int rowCount) {}

  record Chunk(
      int index, String file, long rowOffset, long rowCount, long byteCount, List<Batch> batches) {}
}
