package com.whereq.libra.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Requests that need no Spark. */
class DriverHostTest {
  private final BlockingQueue<JsonNode> events = new LinkedBlockingQueue<>();
  private final DriverHost host =
      new DriverHost(
          (EventListener)
              json -> {
                try {
                  Json.MAPPER.readTree(json).forEach(events::add);
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              });

  private JsonNode next() throws InterruptedException {
    JsonNode event = events.poll(20, TimeUnit.SECONDS);
    assertTrue(event != null, "no event came");
    return event;
  }

  @Test
  void answersAPing() throws InterruptedException {
    host.request("{\"request\":\"ping\",\"requestId\":7}");
    assertEquals(
        "{\"event\":\"reply\",\"requestId\":7,\"value\":\"pong\",\"error\":null}",
        next().toString());
  }

  @Test
  void answersWhatItRefuses() throws InterruptedException {
    host.request("{\"request\":\"start\",\"nonsense\":1}");
    assertEquals("startFailed", next().get("event").asText());
    host.request("{\"request\":\"submit\",\"jobId\":\"j\",\"nonsense\":1}");
    JsonNode failed = next();
    assertEquals("failed", failed.get("event").asText());
    assertEquals("j", failed.get("jobId").asText());
    host.request("{\"request\":\"stats\",\"requestId\":8,\"nonsense\":1}");
    assertEquals("INTERNAL", next().get("error").get("code").asText());
  }

  @Test
  void losesAJobThatComesBeforeTheStart() throws InterruptedException {
    host.request(
        "{\"request\":\"submit\",\"jobId\":\"j\",\"kind\":\"sql\",\"sessionId\":\"default\","
            + "\"code\":\"SELECT 1\",\"parameters\":[],\"settings\":{},\"pool\":\"default\","
            + "\"description\":\"\",\"rowLimit\":1,\"maxResultBytes\":1,\"maxLogBytes\":1,\"onOverflow\":\"FAIL\","
            + "\"resultDir\":\"/nowhere\"}");
    JsonNode lost = next();
    assertEquals("lost", lost.get("event").asText());
    assertEquals("DRIVER_LOST", lost.get("error").get("code").asText());
  }

  @Test
  void readsStatsAndStopsWithoutAContext() throws InterruptedException {
    host.request("{\"request\":\"stats\",\"requestId\":1}");
    JsonNode stats = next().get("value");
    assertEquals(0, stats.get("totalCores").asInt());
    assertTrue(stats.get("heapUsedBytes").asLong() > 0);
    host.request("{\"request\":\"stop\"}");
    assertEquals("{\"event\":\"stopped\"}", next().toString());
  }

  @Test
  void saysWhySparkDidNotStart() throws InterruptedException {
    host.request(
        "{\"request\":\"start\",\"sparkConf\":{\"spark.master\":\"nonsense://x\","
            + "\"spark.app.name\":\"t\",\"spark.ui.enabled\":\"false\"},\"pools\":[],\"sqlPolicy\":"
            + "{\"allowReflection\":false,\"allowTransform\":false,\"allowAddResources\":false,"
            + "\"allowLocalPaths\":false,\"allowedRoots\":[]}}");
    JsonNode failed = next();
    assertEquals("startFailed", failed.get("event").asText());
    assertTrue(failed.get("message").asText().contains("nonsense://x"), failed.toString());
  }
}
