package com.whereq.libra.driver.result;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.VectorUnloader;
import org.apache.arrow.vector.ipc.WriteChannel;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.ipc.message.MessageSerializer;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.execution.arrow.ArrowWriter;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.ArrowUtils;

/**
 * Turns rows into Arrow record batches. The only class that knows Spark's internal Arrow classes:
 * of them it uses what has the same shape in every 4.x.
 */
final class ArrowEncoder implements AutoCloseable {
  private final BufferAllocator allocator;
  private final VectorSchemaRoot root;
  private final VectorUnloader unloader;
  private final ArrowWriter writer;
  private int rowCount;

  ArrowEncoder(StructType type, String timeZone) {
    allocator = ArrowUtils.rootAllocator().newChildAllocator("libra-result", 0, Long.MAX_VALUE);
    root = VectorSchemaRoot.create(schema(type, timeZone), allocator);
    unloader = new VectorUnloader(root);
    writer = ArrowWriter.create(root);
  }

  /** The message that goes ahead of the batches. */
  static byte[] schemaMessage(StructType type, String timeZone) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    MessageSerializer.serialize(
        new WriteChannel(Channels.newChannel(bytes)), schema(type, timeZone));
    return bytes.toByteArray();
  }

  private static Schema schema(StructType type, String timeZone) {
    return ArrowUtils.toArrowSchema(ArrowNames.unique(type), timeZone, false, false);
  }

  void add(InternalRow row) {
    writer.write(row);
    rowCount++;
  }

  int rowCount() {
    return rowCount;
  }

  /** Writes the rows added since the last time as one message and answers its length. */
  long writeBatch(WritableByteChannel out) throws IOException {
    writer.finish();
    WriteChannel channel = new WriteChannel(out);
    try (ArrowRecordBatch batch = unloader.getRecordBatch()) {
      MessageSerializer.serialize(channel, batch);
    }
    writer.reset();
    rowCount = 0;
    return channel.getCurrentPosition();
  }

  @Override
  public void close() {
    root.close();
    allocator.close();
  }
}
