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
  private static final int PATIENT_STEPS = 10;
  private static final int MOST_STEPS = 5000;

  private SparkLeftovers() {}

  static void end(JobScope scope, Interpreter interpreter) {
    interpreter.entry().stopQueries();
    PythonGateway gateway = interpreter.gateway();
    gateway.close();
    boolean cancelled = false;
    for (int step = 0; !gateway.isQuiet() && step < MOST_STEPS; step++) {
      if (step >= PATIENT_STEPS && !scope.spark().isStopped()) {
        cancelled = true;
        scope.spark().cancelSparkJobs(scope.tag());
        gateway.interrupt();
      }
      Uninterrupted.get(
          () -> {
            Thread.sleep(STEP_MILLIS);
            return null;
          });
    }
    if (!gateway.isQuiet()) {
      LOG.warn("A thread of a Python job that has ended still runs in Spark");
    }
    if (cancelled && !scope.spark().isStopped()) {
      try {
        scope.spark().awaitCancels(scope.tag(), 2000);
      } catch (Exception e) {
        LOG.debug("The cancel of what a Python job left was not waited for", e);
      }
    }
  }
}
