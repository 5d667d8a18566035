package com.whereq.libra.driver.job;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** The stages of one job's Spark jobs. Guarded by the ledger that owns it. */
final class JobTasks {
  private static final double MOST_WHILE_RUNNING = 0.99;

  /** Executors of an idle driver come back within a second or two: that is not worth a word. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** A stage as far as tasks go; two jobs may share one (a shuffle that both need). */
  static final class Stage {
    final int taskCount;
    final Set<JobTasks> users = new HashSet<>();
    int finished;
    int running;

    /** Handed to the scheduler, and not ended. */
    boolean submitted;

    Stage(int taskCount) {
      this.taskCount = taskCount;
    }
  }

  final String jobId;
  final String tag;
  final Map<Integer, Stage> stages = new HashMap<>();
  private double reported;
  private Long starvesSince;
  private boolean saidToStarve;

  JobTasks(String jobId, String tag) {
    this.jobId = jobId;
    this.tag = tag;
  }

  /**
   * No task of this job holds a slot. A stage that another job needs as well goes on for that one.
   */
  boolean isQuiet() {
    return stages.values().stream().allMatch(stage -> stage.running == 0 || stage.users.size() > 1);
  }

  /** The fraction when it has grown since it was last asked for, or else a negative number. */
  double growth() {
    long known = 0;
    long finished = 0;
    for (Stage stage : stages.values()) {
      known += stage.taskCount;
      finished += stage.finished;
    }
    // Later Spark jobs of the statement add tasks: what has been reported is never taken back.
    // Adaptive plans add stages as they go: only the end of the job is the end of the work.
    double fraction = known == 0 ? 0 : Math.min(MOST_WHILE_RUNNING, (double) finished / known);
    if (fraction <= reported) {
      return -1;
    }
    reported = fraction;
    return fraction;
  }

  /** Something of it could run, and nothing does. */
  boolean wantsSlots() {
    boolean submitted = false;
    for (Stage stage : stages.values()) {
      if (stage.running > 0) {
        return false;
      }
      submitted |= stage.submitted;
    }
    return submitted;
  }

  /**
   * Whether it starves, when that has changed since it was last told; nothing otherwise. It starves
   * when it has wanted slots for a while and there was no executor that could have any.
   */
  Optional<Boolean> starvation(boolean withoutExecutors, long nanoTime) {
    if (!withoutExecutors || !wantsSlots()) {
      starvesSince = null;
    } else if (starvesSince == null) {
      starvesSince = nanoTime;
    }
    boolean starves = starvesSince != null && nanoTime - starvesSince >= PATIENCE_NANOS;
    if (starves == saidToStarve) {
      return Optional.empty();
    }
    saidToStarve = starves;
    return Optional.of(starves);
  }
}
