package com.whereq.libra.driver.job;

import java.util.Locale;
import org.apache.spark.scheduler.StageInfo;

/** How a stage ended, in one line of a job's log. */
final class StageLine {
  private static final int MAX_REASON = 500;

  private StageLine() {}

  static String of(StageInfo info) {
    if (info.failureReason().isDefined()) {
      return "Stage %d failed: %s".formatted(info.stageId(), firstLine(info.failureReason().get()));
    }
    String tasks = info.numTasks() == 1 ? "1 task" : info.numTasks() + " tasks";
    return "Stage %d ended: %s%s".formatted(info.stageId(), tasks, duration(info));
  }

  private static String duration(StageInfo info) {
    if (info.submissionTime().isEmpty() || info.completionTime().isEmpty()) {
      return "";
    }
    long millis = (Long) info.completionTime().get() - (Long) info.submissionTime().get();
    return millis < 1000
        ? " in " + millis + " ms"
        : String.format(Locale.ROOT, " in %.1f s", millis / 1000.0);
  }

  private static String firstLine(String reason) {
    String line = reason.strip().lines().findFirst().orElse("");
    return line.length() <= MAX_REASON ? line : line.substring(0, MAX_REASON) + "…";
  }
}
