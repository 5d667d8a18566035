package com.whereq.libra.driver.result;

import com.whereq.libra.driver.Json;
import com.whereq.libra.driver.result.ResultManifest.Batch;
import com.whereq.libra.driver.result.ResultManifest.Chunk;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Finishes the folder of a result: cuts it to the prefix that may stay, and writes its manifest.
 */
final class ResultFolder {
  private ResultFolder() {}

  static ResultManifest finish(ResultSink sink, RowFormat format) throws IOException {
    List<Chunk> chunks = new ArrayList<>();
    long rows = 0;
    long bytes = 0;
    boolean complete = true;
    int expected = 0;
    for (Map.Entry<Integer, ResultSink.Part> entry : sink.parts().entrySet()) {
      ResultSink.Part part = entry.getValue();
      complete = complete && entry.getKey() == expected++;
      List<Batch> kept =
          complete ? keep(part.batches(), sink.spec().maxBytes() - bytes) : List.of();
      complete = complete && part.whole() && kept.size() == part.batches().size();
      if (part.file() == null) {
        continue;
      }
      Chunk chunk = chunk(chunks.size(), part.file(), rows, kept);
      cut(part, chunk);
      if (!kept.isEmpty()) {
        chunks.add(chunk);
        rows += chunk.rowCount();
        bytes += chunk.byteCount();
      }
    }
    complete = complete && expected == sink.partitions();
    ResultManifest manifest =
        new ResultManifest(
            1,
            Columns.of(format.type()),
            format.type().json(),
            ArrowEncoder.schemaMessage(format.type(), format.timeZone()),
            format.timeZone(),
            ResultManifest.FLOAT_STYLE,
            rows,
            bytes,
            complete,
            chunks);
    write(sink.folder(), manifest);
    return manifest;
  }

  private static List<Batch> keep(List<Batch> batches, long budget) {
    int count = 0;
    while (count < batches.size()
        && batches.get(count).offset() + batches.get(count).length() <= budget) {
      count++;
    }
    return batches.subList(0, count);
  }

  private static Chunk chunk(int index, Path file, long rowOffset, List<Batch> kept) {
    long rows = kept.stream().mapToLong(Batch::rowCount).sum();
    long bytes = kept.stream().mapToLong(Batch::length).sum();
    return new Chunk(index, file.getFileName().toString(), rowOffset, rows, bytes, kept);
  }

  private static void cut(ResultSink.Part part, Chunk kept) throws IOException {
    if (kept.batches().isEmpty()) {
      Files.deleteIfExists(part.file());
    } else if (kept.batches().size() < part.batches().size()) {
      try (FileChannel file = FileChannel.open(part.file(), StandardOpenOption.WRITE)) {
        file.truncate(kept.byteCount());
      }
    }
  }

  /** Last: a folder without a whole manifest is an unfinished result. */
  private static void write(Path folder, ResultManifest manifest) throws IOException {
    Files.writeString(folder.resolve("manifest.json"), Json.write(manifest));
  }
}
