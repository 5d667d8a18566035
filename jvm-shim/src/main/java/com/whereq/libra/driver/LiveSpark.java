package com.whereq.libra.driver;

import com.whereq.libra.driver.jar.JarClasses;
import com.whereq.libra.driver.job.TaskLedger;
import com.whereq.libra.driver.pool.FairPools;
import com.whereq.libra.driver.python.PythonHost;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkContext$;
import org.apache.spark.sql.classic.SparkSession;
import scala.concurrent.Await;
import scala.concurrent.Future;
import scala.concurrent.duration.Duration;

/** A SparkContext that answers, with what belongs to its life. */
public final class LiveSpark {
  private static final String REASON = "the job was cancelled";
  private static final long STOP_MILLIS = 5000;
  private static final long STOP_LOOK_MILLIS = 50;

  private final SparkContext context;
  private final TaskLedger ledger;
  private final FairPools pools;
  private final Sessions sessions;
  private final DriverFolder folder;
  private final PythonHost python;
  private final JarClasses jarClasses;

  LiveSpark(
      SparkContext context,
      SparkSession root,
      TaskLedger ledger,
      FairPools pools,
      DriverFolder folder,
      PythonHost python) {
    this.context = context;
    this.ledger = ledger;
    this.pools = pools;
    this.sessions = new Sessions(root);
    this.folder = folder;
    this.python = python;
    this.jarClasses = new JarClasses(context, folder.programs());
  }

  public SparkContext context() {
    return context;
  }

  public TaskLedger ledger() {
    return ledger;
  }

  FairPools pools() {
    return pools;
  }

  public Sessions sessions() {
    return sessions;
  }

  /** Null where there is no Python. */
  public PythonHost python() {
    return python;
  }

  /** The classes of the programs that run in this JVM. */
  public JarClasses jarClasses() {
    return jarClasses;
  }

  public boolean isStopped() {
    return context.isStopped();
  }

  /** In local mode tasks run in this JVM; in local-cluster mode they do not. */
  public boolean tasksShareTheJvm() {
    return context.isLocal();
  }

  /** Cancels what has been submitted with the tag; what comes later is the ledger's business. */
  public void cancelSparkJobs(String tag) {
    if (!isStopped()) {
      context.cancelJobsWithTag(tag, REASON);
    }
  }

  /**
   * Waits until the scheduler has handled the cancels and every job that was submitted before them,
   * and the ledger has heard of what happened until then.
   */
  public void awaitCancels(String tag, long timeoutMillis) throws Exception {
    Duration timeout = Duration.create(timeoutMillis, TimeUnit.MILLISECONDS);
    // Twice: starts of tasks that were on their way during the first are handled before the second.
    for (int i = 0; i < 2; i++) {
      Future<?> handled = context.cancelJobsWithTagWithFuture(tag, REASON);
      Await.result(handled, timeout);
    }
    ledger.awaitCaughtUp(timeoutMillis);
  }

  void stop() {
    ledger.close();
    if (python != null) {
      python.close();
    }
    try {
      context.stop();
      finishStop();
    } finally {
      jarClasses.close();
      folder.delete();
    }
  }

  /**
   * Users' code that stops the context is interrupted with its job, and then Spark leaves the rest
   * of the stop undone: without this there could never be another context in this JVM.
   */
  private void finishStop() {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STOP_MILLIS);
    while (isActive() && System.nanoTime() < deadline) {
      try {
        Thread.sleep(STOP_LOOK_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
    if (isActive()) {
      context.env().stop();
      SparkContext$.MODULE$.clearActiveContext();
    }
  }

  private boolean isActive() {
    return SparkContext$.MODULE$.getActive().contains(context);
  }
}
