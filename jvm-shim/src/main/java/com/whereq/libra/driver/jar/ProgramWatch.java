package com.whereq.libra.driver.jar;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for the end of a program on the job's thread, and ends what does not end by itself. */
final class ProgramWatch {
  private static final Logger LOG = LoggerFactory.getLogger(ProgramWatch.class);
  private static final long TICK_MILLIS = 100;

  /** How long main may have returned before somebody is told what the job waits for. */
  private static final long PATIENCE_MILLIS = 5_000;

  private static final long HOOKS_MILLIS = 5_000;
  private static final long CANCEL_MILLIS = 15_000;
  private static final long EXIT_MILLIS = 5_000;

  private final JarJob job;

  ProgramWatch(JarJob job) {
    this.job = job;
  }

  /** Returns when no thread of the program is left but those that cannot be ended. */
  void awaitEnd() {
    awaitThreads();
    JarJob.Ending ending = job.ending();
    boolean cancelled = ending != null && ending.cancelled();
    if (!cancelled) {
      runHooks();
    }
    job.end(new JarJob.Ending(null, false));
    job.noMoreHooks();
    endThreads(cancelled ? CANCEL_MILLIS : EXIT_MILLIS);
    job.output().flush();
  }

  private void awaitThreads() {
    long waitingSince = 0;
    while (job.ending() == null) {
      List<Thread> living =
          job.threads().living().stream().filter(thread -> !thread.isDaemon()).toList();
      if (living.isEmpty()) {
        return;
      }
      boolean mainLives = living.stream().anyMatch(thread -> thread.getName().startsWith("main-"));
      if (!mainLives) {
        long now = System.nanoTime();
        waitingSince = waitingSince == 0 ? now : waitingSince;
        if (waitingSince > 0 && (now - waitingSince) / 1_000_000 > PATIENCE_MILLIS) {
          job.output()
              .note("main has returned; the job ends with its threads " + JarClass.named(living));
          waitingSince = Long.MAX_VALUE;
        }
      }
      join(living.get(0), TICK_MILLIS);
      job.output().flush();
    }
  }

  private void runHooks() {
    List<Thread> hooks = job.takeHooks();
    hooks.forEach(Thread::start);
    long deadline = System.nanoTime() + HOOKS_MILLIS * 1_000_000;
    for (Thread hook : hooks) {
      while (hook.isAlive() && System.nanoTime() < deadline) {
        join(hook, TICK_MILLIS);
      }
    }
  }

  private void endThreads(long millis) {
    long deadline = System.nanoTime() + millis * 1_000_000;
    List<Thread> living = job.threads().ofProgram();
    while (!living.isEmpty() && System.nanoTime() < deadline) {
      living.forEach(thread -> PoolStop.shutDownPoolOf(job.loader(), thread));
      living.forEach(Thread::interrupt);
      join(living.get(0), TICK_MILLIS / 5);
      living = job.threads().ofProgram();
    }
    if (!living.isEmpty()) {
      living.forEach(thread -> thread.setPriority(Thread.MIN_PRIORITY));
      LOG.warn("Threads of a program cannot be ended: {}", JarClass.named(living));
      job.output().note("these threads cannot be ended: " + JarClass.named(living));
    }
  }

  private static void join(Thread thread, long millis) {
    try {
      thread.join(millis);
    } catch (InterruptedException e) {
      // A cancel interrupts the job's thread, and has told the program so by other means.
    }
  }
}
