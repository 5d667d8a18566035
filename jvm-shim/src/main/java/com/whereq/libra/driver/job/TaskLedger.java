package com.whereq.libra.driver.job;

import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.Log;
import com.whereq.libra.driver.DriverProtocol.Progress;
import com.whereq.libra.driver.DriverProtocol.Waits;
import com.whereq.libra.driver.job.JobTasks.Stage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.spark.SparkContext;
import org.apache.spark.Success$;
import org.apache.spark.scheduler.JobFailed;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerApplicationEnd;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.StageInfo;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Knows from Spark's events which tasks of which job run. A cancelled job has ended only when none
 * of its tasks holds a slot any more, and that is known nowhere else: cancelJobsWithTag returns
 * while tasks still run.
 */
public final class TaskLedger extends SparkListener {
  private static final long TICK_MILLIS = 200;
  private static final String TAGS_PROPERTY = "spark.job.tags";
  private static final int MAX_DEAD_TAGS = 10_000;
  private static final String QUEUE = "libra";
  private static final String ENDED = "its job has ended";
  private static final String EXECUTORS = "EXECUTORS";

  private final Consumer<Event> events;
  private final Runnable onApplicationEnd;
  private final ScheduledExecutorService ticker =
      Executors.newSingleThreadScheduledExecutor(
          body -> {
            Thread thread = new Thread(body, "libra-progress");
            thread.setDaemon(true);
            return thread;
          });
  private final Map<String, JobTasks> jobsByTag = new HashMap<>();
  private final Map<Integer, JobTasks> jobsBySparkJob = new HashMap<>();
  private final Map<Integer, List<Stage>> stagesBySparkJob = new HashMap<>();
  private final Map<Integer, Stage> stages = new HashMap<>();
  private final Map<String, Boolean> deadTags =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
          return size() > MAX_DEAD_TAGS;
        }
      };
  private SparkContext context;
  private int activeTasks;

  public TaskLedger(Consumer<Event> events, Runnable onApplicationEnd) {
    this.events = events;
    this.onApplicationEnd = onApplicationEnd;
    ticker.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** On a queue of its own: a slow listener on the shared one would hold up cancels. */
  public void attach(SparkContext context) {
    this.context = context;
    context.listenerBus().addToQueue(this, QUEUE);
  }

  public void close() {
    ticker.shutdownNow();
  }

  synchronized JobTasks register(String jobId, String tag) {
    JobTasks job = new JobTasks(jobId, tag);
    jobsByTag.put(tag, job);
    return job;
  }

  /**
   * From here on Spark jobs that come with the tag are cancelled as they start: Spark prepares
   * shuffles and broadcasts on pools of its own, and may submit one when the job's thread has gone.
   * Said before the tasks are counted for the last time, so that none comes between the count and
   * the end.
   */
  synchronized void condemn(JobTasks job) {
    deadTags.put(job.tag, true);
    jobsBySparkJob.forEach(
        (sparkJobId, owner) -> {
          if (owner == job) {
            context.cancelJob(sparkJobId, ENDED);
          }
        });
  }

  /** The job has ended. */
  synchronized void forget(JobTasks job, boolean succeeded) {
    if (!succeeded) {
      condemn(job);
    }
    jobsByTag.remove(job.tag);
    job.stages.forEach(
        (id, stage) -> {
          stage.users.remove(job);
          dropIfUnused(id, stage);
        });
  }

  /** Nothing of the job runs or is about to. */
  synchronized boolean isQuiet(JobTasks job) {
    return job.isQuiet() && !jobsBySparkJob.containsValue(job);
  }

  /** The same of the job that goes by the tag. */
  public synchronized boolean isQuiet(String tag) {
    JobTasks job = jobsByTag.get(tag);
    return job == null || isQuiet(job);
  }

  public synchronized int activeTasks() {
    return activeTasks;
  }

  /** Returns when every event that was posted before has been handled here. */
  public void awaitCaughtUp(long timeoutMillis) throws InterruptedException {
    BusMarker marker = new BusMarker();
    context.listenerBus().post(marker);
    marker.await(timeoutMillis);
  }

  @Override
  public void onJobStart(SparkListenerJobStart event) {
    String tags = event.properties() == null ? null : event.properties().getProperty(TAGS_PROPERTY);
    if (tags == null) {
      return;
    }
    JobTasks job = null;
    List<Stage> used = new ArrayList<>();
    int tasks = 0;
    synchronized (this) {
      for (String tag : tags.split(",")) {
        job = job == null ? jobsByTag.get(tag) : job;
      }
      cancelIfDead(event.jobId(), tags);
      if (job == null) {
        return;
      }
      for (StageInfo info : CollectionConverters.asJava(event.stageInfos())) {
        Stage stage = stages.computeIfAbsent(info.stageId(), id -> new Stage(info.numTasks()));
        stage.users.add(job);
        job.stages.put(info.stageId(), stage);
        used.add(stage);
        tasks += info.numTasks();
      }
      jobsBySparkJob.put(event.jobId(), job);
      stagesBySparkJob.put(event.jobId(), used);
    }
    log(
        job,
        "Spark job %d started: %s in %s"
            .formatted(event.jobId(), count(tasks, "task"), count(used.size(), "stage")));
  }

  @Override
  public synchronized void onStageSubmitted(SparkListenerStageSubmitted event) {
    Stage stage = stages.get(event.stageInfo().stageId());
    if (stage != null) {
      stage.submitted = true;
    }
  }

  @Override
  public synchronized void onTaskStart(SparkListenerTaskStart event) {
    activeTasks++;
    Stage stage = stages.get(event.stageId());
    if (stage != null) {
      stage.running++;
    }
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd event) {
    activeTasks = Math.max(0, activeTasks - 1);
    Stage stage = stages.get(event.stageId());
    if (stage == null) {
      return;
    }
    stage.running = Math.max(0, stage.running - 1);
    if (event.reason() instanceof Success$) {
      stage.finished = Math.min(stage.taskCount, stage.finished + 1);
    }
    dropIfUnused(event.stageId(), stage);
  }

  @Override
  public void onStageCompleted(SparkListenerStageCompleted event) {
    StageInfo info = event.stageInfo();
    List<JobTasks> users;
    synchronized (this) {
      Stage stage = stages.get(info.stageId());
      users = stage == null ? List.of() : List.copyOf(stage.users);
      if (stage != null) {
        stage.submitted = false;
      }
    }
    String line = StageLine.of(info);
    users.forEach(job -> log(job, line));
  }

  @Override
  public void onJobEnd(SparkListenerJobEnd event) {
    JobTasks job;
    synchronized (this) {
      job = jobsBySparkJob.remove(event.jobId());
      List<Stage> used = stagesBySparkJob.remove(event.jobId());
      if (used != null && !(event.jobResult() instanceof JobFailed)) {
        // Stages whose shuffle was there already never run.
        used.forEach(stage -> stage.finished = stage.taskCount);
      }
    }
    if (job != null && event.jobResult() instanceof JobFailed) {
      log(job, "Spark job %d failed".formatted(event.jobId()));
    }
  }

  @Override
  public void onOtherEvent(SparkListenerEvent event) {
    if (event instanceof BusMarker marker) {
      marker.arrived();
    }
  }

  @Override
  public void onApplicationEnd(SparkListenerApplicationEnd event) {
    onApplicationEnd.run();
  }

  private void cancelIfDead(int sparkJobId, String tags) {
    for (String tag : tags.split(",")) {
      if (deadTags.containsKey(tag)) {
        context.cancelJob(sparkJobId, ENDED);
      }
    }
  }

  private void dropIfUnused(int id, Stage stage) {
    if (stage.users.isEmpty() && stage.running == 0) {
      stages.remove(id);
    }
  }

  private void tick() {
    boolean withoutExecutors = someWantSlots() && !hasExecutors();
    List<Event> news = new ArrayList<>();
    synchronized (this) {
      long now = System.nanoTime();
      for (JobTasks job : jobsByTag.values()) {
        double fraction = job.growth();
        if (fraction >= 0) {
          news.add(new Progress(job.jobId, fraction));
        }
        job.starvation(withoutExecutors, now)
            .map(starves -> new Waits(job.jobId, starves ? EXECUTORS : null))
            .ifPresent(news::add);
      }
    }
    news.forEach(events);
  }

  private synchronized boolean someWantSlots() {
    return jobsByTag.values().stream().anyMatch(JobTasks::wantsSlots);
  }

  /** Asked rather than counted: the first may have registered before this listener was there. */
  private boolean hasExecutors() {
    return CollectionConverters.asJava(context.statusStore().executorList(true)).stream()
        .anyMatch(executor -> executor.totalCores() > 0);
  }

  private void log(JobTasks job, String line) {
    events.accept(new Log(job.jobId, "stderr", line + "\n"));
  }

  private static String count(int n, String noun) {
    return n == 1 ? "1 " + noun : n + " " + noun + "s";
  }
}
