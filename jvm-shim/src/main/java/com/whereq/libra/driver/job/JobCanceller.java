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

  /** Time for Spark's own ways to end, before planning is made to fail. */
  private static final long GRACE_MILLIS = 300;

  private final JobRun job;

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
      if ((System.nanoTime() - begin) / 1_000_000 > GRACE_MILLIS) {
        job.thread().stopPlanning();
      }
      job.spark().cancelSparkJobs(job.tag());
      job.thread().interrupt();
      job.thread().join(REPEAT_MILLIS);
    }
  }

  private void endTasks() throws InterruptedException {
    do {
      if (job.hasEnded() || job.spark().isStopped()) {
        return;
      }
      try {
        job.spark().cancelSparkJobsAndWait(job.tag(), BARRIER_MILLIS);
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        LOG.warn("The cancel of job {} is repeated: {}", job.jobId(), e.toString());
      }
    } while (!job.tasksHaveEnded() && sleep());
  }

  private static boolean sleep() throws InterruptedException {
    Thread.sleep(REPEAT_MILLIS);
    return true;
  }
}
