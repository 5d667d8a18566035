package com.whereq.libra.driver.result;

import com.whereq.libra.driver.DriverProtocol.Column;
import java.util.List;

/** {@code manifest.json} of a result folder; {@code src/domain/result.ts} says what it means. */
record ResultManifest(
    int version,
    List<Column> columns,
    String sparkSchema,
    byte[] arrowSchema,
    String timeZone,
    String floatStyle,
    long rowCount,
    long byteCount,
    boolean complete,
    List<Chunk> chunks) {

  /** Java prints floats by their shortest digits since version 19; the cast of Spark follows it. */
  static final String FLOAT_STYLE = Double.toString(2e23).equals("2.0E23") ? "SHORTEST" : "LEGACY";

  record Batch(long offset, long length, int rowCount) {}

  record Chunk(
      int index, String file, long rowOffset, long rowCount, long byteCount, List<Batch> batches) {}
}
