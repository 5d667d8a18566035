package com.whereq.libra.driver.job;

import com.whereq.libra.driver.launch.Launch;

/**
 * The fresh thread of one job. SQL starts no threads of its own, so all statements share a group:
 * Java 17 never frees an empty one, and a group that is destroyed takes along the thread factories
 * that Spark made while a statement ran in it.
 */
final class JobThread extends Thread {
  /**
   * Spark walks plans by recursion: a few thousand nested operators overflow the default stack. The
   * pages are taken from memory only when they are used.
   */
  private static final long STACK_BYTES = 64L << 20;

  private static final ThreadGroup GROUP = new ThreadGroup(topGroup(), "libra-jobs");

  private volatile boolean stopPlanning;

  JobThread(String jobId, Runnable body) {
    super(GROUP, body, "libra-job-" + jobId, STACK_BYTES);
    setDaemon(true);
    setContextClassLoader(Launch.classLoader());
  }

  /** See {@link PlanningStop}. */
  void stopPlanning() {
    stopPlanning = true;
  }

  boolean mustStopPlanning() {
    return stopPlanning;
  }

  private static ThreadGroup topGroup() {
    ThreadGroup group = Thread.currentThread().getThreadGroup();
    while (group.getParent() != null) {
      group = group.getParent();
    }
    return group;
  }
}
