package com.whereq.libra.driver.result;

import java.io.IOException;
import org.apache.spark.sql.catalyst.InternalRow;
import scala.jdk.javaapi.CollectionConverters;

/** Rows that the driver holds already: commands, local relations, small limits. No job runs. */
final class DriverRows {
  private DriverRows() {}

  static void store(InternalRow[] rows, RowFormat format, ResultSink sink) throws IOException {
    try (ChunkFile file = new ChunkFile(sink, 0)) {
      boolean whole =
          format.copy(CollectionConverters.asScala(java.util.Arrays.asList(rows).iterator()), file);
      file.commit(whole);
    }
  }
}
