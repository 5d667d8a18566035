package com.whereq.libra.driver.python;

import com.whereq.libra.driver.job.JobScope;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What runs in Spark for an interpreter whose process has ended: jobs of its threads, which nobody
 * waits for any more, and streaming queries.
 */
final class SparkLeftovers {
  private static final Logger LOG = LoggerFactory.getLogger(SparkLeftovers.class);
  private static final long STEP_MILLIS = 2;

  /** Threads see within this that nobody is on the other side; what does not is cancelled. */
  private static final int PATIENT_STEPS = 10;

  private static final long LONG_STEP_MILLIS = 50;
  private static final int MOST_STEPS = 400;

  private SparkLeftovers() {}

  static void end(JobScope scope, Interpreter interpreter) {
    interpreter.entry().stopQueries();
    PythonGateway gateway = interpreter.gateway();
    gateway.close();
    int steps = 0;
    while (!scope.spark().isStopped() && !isOver(scope, gateway)) {
      if (steps++ == MOST_STEPS) {
        LOG.warn("Something of a Python job that has ended still runs in Spark");
        return;
      }
      boolean patient = steps < PATIENT_STEPS;
      if (!patient) {
        scope.spark().cancelSparkJobs(scope.tag());
        gateway.interrupt();
      }
      pause(patient ? STEP_MILLIS : LONG_STEP_MILLIS);
    }
  }

  private static boolean isOver(JobScope scope, PythonGateway gateway) {
    return gateway.isQuiet() && scope.spark().ledger().isQuiet(scope.tag());
  }

  private static void pause(long millis) {
    Uninterrupted.get(
        () -> {
          Thread.sleep(millis);
          return null;
        });
  }
}
