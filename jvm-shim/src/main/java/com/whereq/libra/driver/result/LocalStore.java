package com.whereq.libra.driver.result;

import java.io.IOException;
import java.io.Serializable;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.TaskContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import scala.collection.Iterator;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/**
 * Tasks in the driver's own JVM write the chunk files themselves: a result of any size passes
 * through no heap but that of its batches.
 */
final class LocalStore {
  /** Tasks find the sink by name: they are serialized even when they stay in the JVM. */
  private static final Map<String, ResultSink> SINKS = new ConcurrentHashMap<>();

  private LocalStore() {}

  static void store(RDD<InternalRow> rdd, RowFormat format, ResultSink sink) {
    String name = UUID.randomUUID().toString();
    SINKS.put(name, sink);
    try {
      rdd.sparkContext()
          .runJob(
              rdd,
              new WriteTask(name, format),
              new IgnoreAnswer(),
              ClassTag$.MODULE$.<Boolean>apply(Boolean.class));
    } finally {
      SINKS.remove(name);
    }
  }

  private static final class WriteTask
      extends AbstractFunction2<TaskContext, Iterator<InternalRow>, Boolean>
      implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String sinkName;
    private final RowFormat format;

    WriteTask(String sinkName, RowFormat format) {
      this.sinkName = sinkName;
      this.format = format;
    }

    @Override
    public Boolean apply(TaskContext task, Iterator<InternalRow> rows) {
      ResultSink sink = SINKS.get(sinkName);
      if (sink == null) {
        throw new IllegalStateException("The result is closed: its job has ended");
      }
      boolean wanted = sink.begin(task.partitionId());
      String attempt = Long.toString(task.taskAttemptId());
      try (ChunkFile file = new ChunkFile(sink, task.partitionId(), attempt)) {
        file.commit(wanted && format.copy(rows, file));
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
      return Boolean.TRUE;
    }
  }

  private static final class IgnoreAnswer extends AbstractFunction2<Object, Boolean, BoxedUnit> {
    @Override
    public BoxedUnit apply(Object partition, Boolean answer) {
      return BoxedUnit.UNIT;
    }
  }
}
