package com.whereq.libra.program;

import com.whereq.libra.driver.Json;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerApplicationStart;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import scala.Option;

/**
 * Lives in the driver of a program that spark-submit runs, and leaves in the program's folder what
 * the server shows of it. Nothing here may cost the program anything: what fails is left out.
 */
public final class ProgramListener extends SparkListener {
  private static final String FILE = "application.json";

  private final Path folder;
  private final SparkContext context;
  private final Set<String> executors = new HashSet<>();
  private final Set<Integer> stages = new HashSet<>();
  private String applicationId;
  private String written = "";

  /** Spark calls it on the thread that makes the context: mostly the program's main thread. */
  public ProgramListener(SparkConf conf) {
    String place = System.getenv("LIBRA_PROGRAM");
    folder = place == null ? null : Path.of(place);
    context = contextBeingConstructed();
    String pool = conf.get("spark.libra.pool", "");
    if (context != null && !pool.isEmpty()) {
      context.setLocalProperty("spark.scheduler.pool", pool);
    }
  }

  /** Spark hands a listener no context, and a plugin would have to be on every executor as well. */
  private static SparkContext contextBeingConstructed() {
    try {
      Class<?> companion = Class.forName("org.apache.spark.SparkContext$");
      Field field = companion.getDeclaredField("contextBeingConstructed");
      field.setAccessible(true);
      return (SparkContext) ((Option<?>) field.get(null)).getOrElse(() -> null);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }

  @Override
  public synchronized void onApplicationStart(SparkListenerApplicationStart event) {
    applicationId = event.appId().getOrElse(() -> null);
    write();
  }

  @Override
  public synchronized void onExecutorAdded(SparkListenerExecutorAdded event) {
    executors.add(event.executorId());
    write();
  }

  @Override
  public synchronized void onExecutorRemoved(SparkListenerExecutorRemoved event) {
    executors.remove(event.executorId());
    write();
  }

  @Override
  public synchronized void onStageSubmitted(SparkListenerStageSubmitted event) {
    stages.add(event.stageInfo().stageId());
    write();
  }

  @Override
  public synchronized void onStageCompleted(SparkListenerStageCompleted event) {
    stages.remove(event.stageInfo().stageId());
    write();
  }

  private void write() {
    if (folder == null || applicationId == null) return;
    Map<String, Object> status = new LinkedHashMap<>();
    status.put("applicationId", applicationId);
    status.put("sparkUiUrl", uiUrl());
    status.put("starved", executors.isEmpty() && !stages.isEmpty());
    String text = Json.write(status);
    if (text.equals(written)) return;
    try {
      Path fresh = folder.resolve(FILE + ".new");
      Files.writeString(fresh, text);
      Files.move(fresh, folder.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
      written = text;
    } catch (IOException | RuntimeException e) {
      // The server shows less then.
    }
  }

  private String uiUrl() {
    Option<String> url = context == null ? Option.empty() : context.uiWebUrl();
    return url.getOrElse(() -> null);
  }
}
