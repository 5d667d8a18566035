package com.whereq.libra.driver.python;

import com.whereq.libra.driver.result.Folders;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Field;
import org.apache.spark.api.python.PythonAccumulatorV2;
import org.apache.spark.util.AccumulatorContext;
import org.apache.spark.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a SparkContext of PySpark leaves in the JVM. It is made for one to a JVM, and keeps all this
 * until the JVM ends.
 */
final class InterpreterTraces {
  private static final Logger LOG = LoggerFactory.getLogger(InterpreterTraces.class);

  private PythonAccumulatorV2 accumulator;
  private File folder;

  synchronized void adopt(Object accumulator, File folder) {
    this.accumulator = (PythonAccumulatorV2) accumulator;
    this.folder = folder;
  }

  synchronized void remove() {
    if (folder != null) {
      Folders.delete(folder.toPath());
      ShutdownHookManager.removeShutdownDeleteDir(folder);
    }
    if (accumulator != null) {
      AccumulatorContext.remove(accumulator.id());
      closeSocket(accumulator);
    }
    accumulator = null;
    folder = null;
  }

  /** It sends updates over a connection that it never closes. */
  private static void closeSocket(PythonAccumulatorV2 accumulator) {
    try {
      Field field = PythonAccumulatorV2.class.getDeclaredField("socket");
      field.setAccessible(true);
      if (field.get(accumulator) instanceof Closeable socket) {
        socket.close();
      }
    } catch (NoSuchFieldException | IllegalAccessException | IOException e) {
      LOG.debug("The connection of an accumulator is left to the garbage collector", e);
    }
  }
}
