package com.whereq.libra.driver.jar;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Checks go on for a while after a program has been ended: on pools of the JVM its code may still
 * run.
 */
final class Lingering {
  private static final long SECONDS = 10;
  private static final ScheduledExecutorService TIMER =
      Executors.newSingleThreadScheduledExecutor(
          body -> {
            Thread thread = new Thread(body, "libra-programs");
            thread.setDaemon(true);
            thread.setContextClassLoader(Lingering.class.getClassLoader());
            return thread;
          });

  private Lingering() {}

  static void later(Runnable work) {
    TIMER.schedule(work, SECONDS, TimeUnit.SECONDS);
  }
}
