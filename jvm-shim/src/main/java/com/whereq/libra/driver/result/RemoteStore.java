package com.whereq.libra.driver.result;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SimpleFutureAction;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction0;
import scala.runtime.AbstractFunction1;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/**
 * Tasks on executors answer with encoded batches, and the job's own thread writes the chunk files
 * as they arrive: Spark hands answers over on its scheduler's thread, which must not wait for a
 * disk. Partitions are asked for in waves, so that only so many answers can be waiting.
 */
final class RemoteStore {
  private static final int MIN_WINDOW = 16;
  private static final long POLL_MILLIS = 100;

  private record Answer(int partition, Encoded encoded) {}

  private final RDD<InternalRow> rdd;
  private final RowFormat format;
  private final ResultSink sink;
  private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
  private final List<SimpleFutureAction<Object>> waves = new ArrayList<>();
  private int asked;
  private int written;

  RemoteStore(RDD<InternalRow> rdd, RowFormat format, ResultSink sink) {
    this.rdd = rdd;
    this.format = format;
    this.sink = sink;
  }

  void store() throws IOException, InterruptedException {
    int partitions = rdd.getNumPartitions();
    int window = Math.max(MIN_WINDOW, 2 * rdd.sparkContext().defaultParallelism());
    try {
      while (written < partitions && !sink.isFull()) {
        // Half a window at a time: the executors have work while answers are written.
        if (asked < partitions && asked - written <= window / 2) {
          ask(Math.min(partitions, written + window));
        }
        Answer answer = answers.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
        if (answer == null) {
          throwIfAWaveFailed();
        } else {
          write(answer);
        }
      }
    } finally {
      waves.forEach(SimpleFutureAction::cancel);
    }
  }

  private void ask(int until) {
    List<Object> partitions = new ArrayList<>();
    for (; asked < until; asked++) {
      partitions.add(asked);
    }
    waves.removeIf(wave -> wave.isCompleted() && wave.value().get().isSuccess());
    waves.add(
        rdd.sparkContext()
            .submitJob(
                rdd,
                new EncodeTask(format, sink.spec().maxBytes(), sink.spec().rowLimit()),
                CollectionConverters.asScala(partitions).toSeq(),
                new AbstractFunction2<Object, Encoded, BoxedUnit>() {
                  @Override
                  public BoxedUnit apply(Object index, Encoded encoded) {
                    answers.add(new Answer((Integer) partitions.get((Integer) index), encoded));
                    return BoxedUnit.UNIT;
                  }
                },
                new AbstractFunction0<Object>() {
                  @Override
                  public Object apply() {
                    return BoxedUnit.UNIT;
                  }
                }));
  }

  private void throwIfAWaveFailed() {
    for (SimpleFutureAction<Object> wave : waves) {
      if (wave.isCompleted()) {
        wave.value().get().get();
      }
    }
  }

  private void write(Answer answer) throws IOException {
    sink.begin(answer.partition());
    try (ChunkFile file = new ChunkFile(sink, answer.partition(), "driver")) {
      Encoded encoded = answer.encoded();
      for (int i = 0; i < encoded.batches.size(); i++) {
        file.encoded(encoded.batches.get(i), encoded.rowCounts.get(i));
      }
      encoded.head.forEach(file::head);
      file.commit(encoded.whole);
    }
    written++;
  }

  /** One partition's rows as they travel. */
  private static final class Encoded implements Serializable, PartitionTarget {
    private static final long serialVersionUID = 1L;

    private final ArrayList<byte[]> batches = new ArrayList<>();
    private final ArrayList<Integer> rowCounts = new ArrayList<>();
    private final ArrayList<byte[]> head = new ArrayList<>();
    private final transient long maxBytes;
    private final transient int rowLimit;
    private transient long bytes;
    private transient long headBytes;
    private boolean whole;

    Encoded(long maxBytes, int rowLimit) {
      this.maxBytes = maxBytes;
      this.rowLimit = rowLimit;
    }

    @Override
    public boolean wantsHead() {
      return head.size() < rowLimit && headBytes < HeadRows.MAX_BYTES;
    }

    @Override
    public void head(byte[] row) {
      head.add(row);
      headBytes += row.length;
    }

    @Override
    public boolean batch(ArrowEncoder encoder) throws IOException {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      rowCounts.add(encoder.rowCount());
      encoder.writeBatch(Channels.newChannel(out));
      batches.add(out.toByteArray());
      bytes += out.size();
      return bytes <= maxBytes;
    }
  }

  private static final class EncodeTask extends AbstractFunction1<Iterator<InternalRow>, Encoded>
      implements Serializable {
    private static final long serialVersionUID = 1L;

    private final RowFormat format;
    private final long maxBytes;
    private final int rowLimit;

    EncodeTask(RowFormat format, long maxBytes, int rowLimit) {
      this.format = format;
      this.maxBytes = maxBytes;
      this.rowLimit = rowLimit;
    }

    @Override
    public Encoded apply(Iterator<InternalRow> rows) {
      Encoded encoded = new Encoded(maxBytes, rowLimit);
      try {
        encoded.whole = format.copy(rows, encoded);
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
      return encoded;
    }
  }
}
