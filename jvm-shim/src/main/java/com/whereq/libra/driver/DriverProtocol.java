package com.whereq.libra.driver;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/**
 * The messages between the server and a driver host, the same over JNI and over a socket. {@code
 * src/drivers/protocol.ts} declares the same names in the same order, and a test compares them.
 * Fields are always there, null where empty.
 */
public final class DriverProtocol {
  private DriverProtocol() {}

  /** Server to host. A request with a {@code requestId} is answered by one {@link Reply}. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "request")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Start.class, name = "start"),
    @JsonSubTypes.Type(value = Submit.class, name = "submit"),
    @JsonSubTypes.Type(value = Cancel.class, name = "cancel"),
    @JsonSubTypes.Type(value = OpenSession.class, name = "openSession"),
    @JsonSubTypes.Type(value = CloseSession.class, name = "closeSession"),
    @JsonSubTypes.Type(value = UnmodifiableKeys.class, name = "unmodifiableKeys"),
    @JsonSubTypes.Type(value = SetPools.class, name = "setPools"),
    @JsonSubTypes.Type(value = Stats.class, name = "stats"),
    @JsonSubTypes.Type(value = Ping.class, name = "ping"),
    @JsonSubTypes.Type(value = Stop.class, name = "stop"),
  })
  public sealed interface Request {}

  public record Start(
      Map<String, String> sparkConf, List<Pool> pools, SqlPolicy sqlPolicy, Python python)
      implements Request {}

  public record Submit(
      String jobId,
      String kind,
      String sessionId,
      String code,
      List<Parameter> parameters,
      String filePath,
      String mainClass,
      List<String> args,
      String context,
      Map<String, String> settings,
      String pool,
      String description,
      int rowLimit,
      long maxResultBytes,
      long maxLogBytes,
      String onOverflow,
      String resultDir)
      implements Request {}

  public record Cancel(String jobId) implements Request {}

  public record OpenSession(long requestId, String sessionId, Map<String, String> settings)
      implements Request {}

  public record CloseSession(long requestId, String sessionId) implements Request {}

  public record UnmodifiableKeys(long requestId, List<String> keys) implements Request {}

  public record SetPools(long requestId, List<Pool> pools) implements Request {}

  public record Stats(long requestId) implements Request {}

  public record Ping(long requestId) implements Request {}

  public record Stop() implements Request {}

  /** Host to server. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Ready.class, name = "ready"),
    @JsonSubTypes.Type(value = StartFailed.class, name = "startFailed"),
    @JsonSubTypes.Type(value = ContextLost.class, name = "contextLost"),
    @JsonSubTypes.Type(value = Stopped.class, name = "stopped"),
    @JsonSubTypes.Type(value = Reply.class, name = "reply"),
    @JsonSubTypes.Type(value = Started.class, name = "started"),
    @JsonSubTypes.Type(value = Progress.class, name = "progress"),
    @JsonSubTypes.Type(value = Waits.class, name = "waits"),
    @JsonSubTypes.Type(value = Log.class, name = "log"),
    @JsonSubTypes.Type(value = Schema.class, name = "schema"),
    @JsonSubTypes.Type(value = Rows.class, name = "rows"),
    @JsonSubTypes.Type(value = Succeeded.class, name = "succeeded"),
    @JsonSubTypes.Type(value = Failed.class, name = "failed"),
    @JsonSubTypes.Type(value = Cancelled.class, name = "cancelled"),
    @JsonSubTypes.Type(value = Lost.class, name = "lost"),
  })
  public sealed interface Event {}

  /** An event of one job. */
  public sealed interface JobEvent extends Event {
    String jobId();
  }

  /** The last event of a job: there is exactly one. */
  public sealed interface EndEvent extends JobEvent {}

  public record Ready(
      String appId,
      String sparkVersion,
      String scalaVersion,
      String javaVersion,
      String master,
      String uiUrl,
      int defaultParallelism)
      implements Event {}

  public record StartFailed(String message) implements Event {}

  public record ContextLost(String cause) implements Event {}

  public record Stopped() implements Event {}

  public record Reply(long requestId, Object value, JobError error) implements Event {}

  public record Started(String jobId) implements JobEvent {}

  public record Progress(String jobId, double fraction) implements JobEvent {}

  public record Waits(String jobId, String waitingFor) implements JobEvent {}

  public record Log(String jobId, String stream, String text) implements JobEvent {}

  public record Schema(String jobId, List<Column> columns) implements JobEvent {}

  public record Rows(String jobId, long rowCount) implements JobEvent {}

  public record Succeeded(String jobId, ResultSummary result) implements EndEvent {}

  public record Failed(String jobId, JobError error) implements EndEvent {}

  public record Cancelled(String jobId) implements EndEvent {}

  public record Lost(String jobId, JobError error) implements EndEvent {}

  // What requests and events are made of.

  public record Pool(String name, String schedulingMode, double weight, int minShare) {}

  public record SqlPolicy(
      boolean allowReflection,
      boolean allowTransform,
      boolean allowAddResources,
      boolean allowLocalPaths,
      List<String> allowedRoots) {}

  public record Python(
      String executable, List<String> path, String runnerDir, int ready, int maxContexts) {}

  public record Parameter(String name, JsonNode value, String type) {}

  public record Column(String name, String type, boolean nullable) {}

  public record Position(int line, int column, String fragment) {}

  public record JobError(
      String code,
      String message,
      String errorClass,
      String sqlState,
      Position position,
      String cause,
      String hint,
      boolean retryable) {}

  public record ResultSummary(
      String text,
      List<Column> columns,
      Long rowCount,
      boolean truncated,
      boolean complete,
      long byteCount) {}

  public record JvmStats(
      long heapUsedBytes,
      long heapCommittedBytes,
      long heapMaxBytes,
      long nonHeapUsedBytes,
      int threads,
      List<GcStats> gc,
      int activeTasks,
      int totalCores,
      List<PoolStats> pools) {}

  public record GcStats(String name, long count, long timeMs) {}

  public record PoolStats(String name, int runningTasks, long taskTimeMs) {}
}
