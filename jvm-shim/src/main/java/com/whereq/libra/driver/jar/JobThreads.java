package com.whereq.libra.driver.jar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * The threads of one program, with all that they start. A group is used again when it is empty:
 * Java 17 never frees one by itself, and a group that is destroyed takes along the thread factories
 * that Spark made while a program ran in it.
 */
final class JobThreads extends ThreadGroup {
  private static final Deque<JobThreads> FREE = new ArrayDeque<>();

  private volatile JarJob job;

  private JobThreads() {
    super(SparkPools.topGroup(), "libra-program");
  }

  static JobThreads forJob(JarJob job) {
    JobThreads threads;
    synchronized (FREE) {
      threads = FREE.poll();
    }
    if (threads == null) {
      threads = new JobThreads();
    }
    threads.job = job;
    return threads;
  }

  /** Null for a thread that no program has started, and for one whose program is forgotten. */
  static JarJob jobOf(Thread thread) {
    for (ThreadGroup group = thread.getThreadGroup(); group != null; group = group.getParent()) {
      if (group instanceof JobThreads threads) {
        return threads.job;
      }
    }
    return null;
  }

  JarJob job() {
    return job;
  }

  /** False while threads of the program are left. Only an empty group may serve another one. */
  boolean release() {
    if (!ofProgram().isEmpty()) {
      return false;
    }
    job = null;
    if (living().isEmpty() && activeGroupCount() == 0) {
      synchronized (FREE) {
        FREE.add(this);
      }
    }
    return true;
  }

  /**
   * Without those of pools that Spark or a library has made for all, which were born here by
   * chance: such threads are daemons and run no code of the program.
   */
  List<Thread> ofProgram() {
    JarJob current = job;
    return living().stream()
        .filter(thread -> !thread.isDaemon() || current != null && runsCodeOf(current, thread))
        .toList();
  }

  private static boolean runsCodeOf(JarJob job, Thread thread) {
    return job.loader().hasLoaded(thread.getClass().getName())
        || PoolStop.isPoolOf(job.loader(), thread)
        || Arrays.stream(thread.getStackTrace())
            .anyMatch(frame -> job.loader().hasLoaded(frame.getClassName()));
  }

  List<Thread> living() {
    Thread[] threads = new Thread[activeCount() + 16];
    int count = enumerate(threads, true);
    while (count == threads.length) {
      threads = new Thread[threads.length * 2];
      count = enumerate(threads, true);
    }
    List<Thread> living = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      living.add(threads[i]);
    }
    return living;
  }

  @Override
  public void uncaughtException(Thread thread, Throwable thrown) {
    JarJob current = job;
    if (current == null) {
      super.uncaughtException(thread, thrown);
    } else {
      current.uncaught(thread, thrown);
    }
  }
}
