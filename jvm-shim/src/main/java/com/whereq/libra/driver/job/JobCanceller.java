package com.whereq.libra.driver.job;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops a job for good. One cancel is not enough: it is lost while the statement is being planned,
 * and it returns while tasks still hold their slots. So it is repeated until the job's thread has
 * ended, and then until the ledger has seen the end of each of its tasks.
 */
final class JobCanceller extends Thread {
  private static final Logger LOG = LoggerFactory.getLogger(JobCanceller.class);
  private static final long REPEAT_MILLIS = 50;
  private static final long BARRIER_MILLIS = 2_000;

  /**
   * How long a cancel of the Spark jobs alone may take to end the thread. Adaptive execution then
   * ends in order; an interrupt makes it leave shuffles behind that its pools are about to submit.
   */
  private static final long GRACE_MILLIS = 300;

  /** After an interrupt, a shuffle may still be on its way. */
  private static final int QUIET_AFTER_INTERRUPT = 3;

  private final JobRun job;
  private boolean interrupting;

  JobCanceller(JobRun job) {
    super("libra-cancel-" + job.jobId());
    this.job = job;
    setDaemon(true);
  }

  @Override
  public void run() {
    try {
      endThread();
      endTasks();
      job.cancelled();
    } catch (InterruptedException e) {
      LOG.warn("The cancel of job {} was interrupted", job.jobId());
    }
  }

  private void endThread() throws InterruptedException {
    long begin = System.nanoTime();
    while (job.thread().isAlive()) {
      try {
        job.spark().cancelSparkJobs(job.tag());
        if (interrupting) {
          job.stop();
        }
      } catch (OutOfMemoryError e) {
        // It may be the very job that has filled the heap: nobody else would end it.
        LOG.warn("The cancel of a job is repeated: out of memory");
      }
      job.thread().join(REPEAT_MILLIS);
      interrupting = (System.nanoTime() - begin) / 1_000_000 > GRACE_MILLIS;
    }
  }

  private void endTasks() throws InterruptedException {
    job.condemnTasks();
    int quiet = 0;
    while (quiet < (interrupting ? QUIET_AFTER_INTERRUPT : 1)) {
      if (job.hasEnded() || job.spark().isStopped()) {
        return;
      }
      try {
        job.spark().cancelSparkJobs(job.tag());
        job.spark().awaitCancels(job.tag(), BARRIER_MILLIS);
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception | OutOfMemoryError e) {
        LOG.warn("The cancel of job {} is repeated: {}", job.jobId(), e.toString());
      }
      quiet = job.tasksHaveEnded() ? quiet + 1 : 0;
      if (quiet == 0 || interrupting) {
        Thread.sleep(REPEAT_MILLIS);
      }
    }
  }
}
