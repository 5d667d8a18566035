package com.whereq.libra.driver.job;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JobTasksTest {
  private static final Optional<Boolean> NO_NEWS = Optional.empty();

  private final JobTasks job = new JobTasks("job-1", "libra-job-1-1");
  private final JobTasks.Stage stage = new JobTasks.Stage(4);
  private boolean withoutExecutors = true;

  @BeforeEach
  void submit() {
    job.stages.put(1, stage);
    stage.submitted = true;
  }

  @Test
  void starvesWhenItHasWaitedForExecutors() {
    assertEquals(NO_NEWS, at(0));
    assertEquals(NO_NEWS, at(2.9));
    assertEquals(Optional.of(true), at(3));
    assertEquals(NO_NEWS, at(60));
  }

  @Test
  void starvesNoMoreWhenAnExecutorComes() {
    at(0);
    at(3);
    withoutExecutors = false;
    assertEquals(Optional.of(false), at(4));
    assertEquals(NO_NEWS, at(5));
  }

  @Test
  void waitsAnewWhenTheExecutorsGoAgain() {
    at(0);
    at(3);
    withoutExecutors = false;
    at(4);
    withoutExecutors = true;
    assertEquals(NO_NEWS, at(5));
    assertEquals(NO_NEWS, at(7));
    assertEquals(Optional.of(true), at(8));
  }

  @Test
  void hasNothingToWaitForBetweenStages() {
    stage.submitted = false;
    at(0);
    assertEquals(NO_NEWS, at(10));
  }

  @Test
  void doesNotStarveWhileATaskRuns() {
    stage.running = 1;
    JobTasks.Stage other = new JobTasks.Stage(4);
    other.submitted = true;
    job.stages.put(2, other);
    at(0);
    assertEquals(NO_NEWS, at(10));
  }

  private Optional<Boolean> at(double seconds) {
    // Negative, as System.nanoTime may be.
    long now = Long.MIN_VALUE / 2 + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
    return job.starvation(withoutExecutors, now);
  }
}
