package com.whereq.libra.driver.jar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.whereq.libra.driver.DriverHost;
import com.whereq.libra.driver.EventListener;
import com.whereq.libra.driver.Json;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Two hundred jars, one after another, on one driver: their classes do not stay. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ChangingJarsTest {
  private static final int WARM = 100;
  private static final int RUNS = 200;
  private static final String SOURCE =
      """
      package demo;
      import java.util.*;
      import org.apache.spark.api.java.*;
      import org.apache.spark.api.java.function.*;
      import org.apache.spark.sql.*;
      import org.apache.spark.sql.types.*;
      public class Main {
        public static class Person implements java.io.Serializable {
          private String name;
          public Person() {}
          public Person(String name) { this.name = name; }
          public String getName() { return name; }
          public void setName(String name) { this.name = name; }
        }
        static final ThreadLocal<Person> LOCAL = ThreadLocal.withInitial(() -> new Person("t"));
        public static void main(String[] args) {
          SparkSession spark = SparkSession.builder().getOrCreate();
          LOCAL.get();
          Runtime.getRuntime().addShutdownHook(new Thread(() -> {}));
          JavaSparkContext sc = new JavaSparkContext(spark.sparkContext());
          List<Person> all = sc.parallelize(List.of(1, 2), 2).map(i -> new Person("p" + i)).collect();
          Dataset<Person> people = spark.createDataset(all, Encoders.bean(Person.class));
          long n = people.map((MapFunction<Person, String>) Person::getName, Encoders.STRING())
              .groupBy("value").count().collectAsList().size();
          spark.udf().register("of_jar", (Long x) -> new Person("u").getName().length() + x, DataTypes.LongType);
          System.out.println("version-000 " + n + spark.sql("SELECT of_jar(1L)").collectAsList());
        }
      }
      """;

  @TempDir static Path folder;
  private final BlockingQueue<JsonNode> events = new LinkedBlockingQueue<>();
  private DriverHost host;

  @BeforeAll
  void start() throws Exception {
    host =
        new DriverHost(
            (EventListener)
                json -> {
                  try {
                    Json.MAPPER.readTree(json).forEach(events::add);
                  } catch (Exception e) {
                    throw new IllegalStateException(e);
                  }
                });
    Map<String, String> conf =
        Map.of(
            "spark.master", "local[2]",
            "spark.app.name", "changing-jars",
            "spark.ui.enabled", "false",
            "spark.driver.host", "127.0.0.1",
            "spark.driver.bindAddress", "127.0.0.1",
            "spark.sql.shuffle.partitions", "1");
    send(
        Map.of(
            "request",
            "start",
            "sparkConf",
            conf,
            "pools",
            List.of(),
            "sqlPolicy",
            Map.of(
                "allowReflection",
                false,
                "allowTransform",
                false,
                "allowAddResources",
                false,
                "allowLocalPaths",
                false,
                "allowedRoots",
                List.of())));
    await("ready");
  }

  @AfterAll
  void stop() throws Exception {
    send(Map.of("request", "stop"));
    await("stopped");
  }

  private void send(Map<String, ?> request) throws Exception {
    host.request(Json.write(request));
  }

  private JsonNode await(String... names) throws InterruptedException {
    while (true) {
      JsonNode event = events.poll(120, TimeUnit.SECONDS);
      assertTrue(event != null, "no event came");
      if (List.of(names).contains(event.get("event").asText())) {
        return event;
      }
    }
  }

  private void run(int version, Map<String, byte[]> classes) throws Exception {
    String name = "version-%03d".formatted(version);
    Map<String, byte[]> changed = new HashMap<>();
    classes.forEach(
        (entry, bytes) ->
            changed.put(
                entry,
                new String(bytes, StandardCharsets.ISO_8859_1)
                    .replace("version-000", name)
                    .getBytes(StandardCharsets.ISO_8859_1)));
    Path jar = Compiled.jar(folder.resolve(name + ".jar"), changed);
    Map<String, Object> submit = new HashMap<>();
    submit.put("request", "submit");
    submit.put("jobId", name);
    submit.put("kind", "jar-class");
    submit.put("sessionId", "default");
    submit.put("parameters", List.of());
    submit.put("filePath", jar.toString());
    submit.put("mainClass", "demo.Main");
    submit.put("args", List.of());
    submit.put("settings", Map.of());
    submit.put("pool", "default");
    submit.put("description", "");
    submit.put("rowLimit", 1);
    submit.put("maxResultBytes", 1000);
    submit.put("maxLogBytes", 100_000);
    submit.put("onOverflow", "FAIL");
    submit.put("resultDir", folder.resolve("result").toString());
    send(submit);
    JsonNode end = await("succeeded", "failed", "lost");
    assertEquals("succeeded", end.get("event").asText(), end.toString());
    assertEquals(name + " 2[[2]]\n", end.get("result").get("text").asText());
  }

  private static long metaspace() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getName().contains("Metaspace"))
        .map(MemoryPoolMXBean::getUsage)
        .mapToLong(usage -> usage.getUsed())
        .sum();
  }

  /** The histogram counts what lives after a full collection. */
  private static long loaders() throws Exception {
    String histogram =
        (String)
            ManagementFactory.getPlatformMBeanServer()
                .invoke(
                    new ObjectName("com.sun.management:type=DiagnosticCommand"),
                    "gcClassHistogram",
                    new Object[] {new String[0]},
                    new String[] {String[].class.getName()});
    return histogram
        .lines()
        .map(String::strip)
        .filter(line -> line.endsWith(" " + JarLoader.class.getName()))
        .mapToLong(line -> Long.parseLong(line.split("\\s+")[1]))
        .findFirst()
        .orElse(0);
  }

  @Test
  void doNotGrowMetaspace() throws Exception {
    Map<String, byte[]> classes = Compiled.classes(folder, "demo.Main", SOURCE);
    for (int i = 1; i <= WARM; i++) {
      run(i, classes);
    }
    long loadersBefore = loaders();
    long before = metaspace();
    for (int i = WARM + 1; i <= WARM + RUNS; i++) {
      run(i, classes);
    }
    long loadersAfter = loaders();
    long after = metaspace();
    String seen =
        "%d then %d loaders, %d then %d bytes"
            .formatted(loadersBefore, loadersAfter, before, after);
    assertTrue(loadersAfter <= 12, seen);
    // The JVM goes on learning about Spark for a while, less and less; each jar that stays adds 70
    // KB.
    assertTrue(after - before < 6 << 20, seen);
  }
}
