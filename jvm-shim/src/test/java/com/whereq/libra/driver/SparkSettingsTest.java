package com.whereq.libra.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.whereq.libra.driver.DriverProtocol.Pool;
import com.whereq.libra.driver.DriverProtocol.SqlPolicy;
import com.whereq.libra.driver.pool.FairSchedulerXml;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SparkSettingsTest {
  private static final SqlPolicy CLOSED = new SqlPolicy(false, false, false, false, List.of());
  private static final DriverFolder FOLDER = new DriverFolder(Path.of("/tmp/libra-driver-x"));

  private static Map<String, String> of(Map<String, String> asked) {
    return SparkSettings.of(asked, CLOSED, FOLDER);
  }

  @Test
  void addsWhatTheHostReliesOn() {
    Map<String, String> conf = of(Map.of("spark.master", "local[2]"));
    assertEquals("0", conf.get("spark.driver.maxResultSize"));
    assertEquals("true", conf.get("spark.task.reaper.enabled"));
    assertEquals("0", conf.get("spark.executor.killOnFatalError.depth"));
    assertEquals(
        "file:///tmp/libra-driver-x/fairscheduler.xml",
        conf.get("spark.scheduler.allocation.file"));
    assertTrue(conf.get("spark.sql.warehouse.dir").endsWith("/warehouse"));
  }

  @Test
  void leavesWhatWasAskedFor() {
    Map<String, String> conf =
        of(
            Map.of(
                "spark.master", "spark://host:7077",
                "spark.driver.maxResultSize", "2g",
                "spark.sql.warehouse.dir", "/data/warehouse",
                "spark.sql.extensions", "com.example.Other"));
    assertEquals("2g", conf.get("spark.driver.maxResultSize"));
    assertEquals("/data/warehouse", conf.get("spark.sql.warehouse.dir"));
    assertEquals(
        "com.example.Other,com.whereq.libra.driver.sql.LibraSparkExtensions",
        conf.get("spark.sql.extensions"));
    assertFalse(conf.containsKey("spark.executor.killOnFatalError.depth"));
  }

  @Test
  void letsNoSettingOpenTheSqlPolicy() {
    Map<String, String> conf = of(Map.of("spark.libra.sql.allowReflection", "true"));
    assertEquals("false", conf.get("spark.libra.sql.allowReflection"));
  }

  @Test
  void multipliesWeights() {
    String xml =
        FairSchedulerXml.of(
            List.of(new Pool("low", "FAIR", 0.5, 1), new Pool("tiny", "FIFO", 0.001, 0)));
    assertTrue(xml.contains("<weight>50</weight>"));
    assertTrue(xml.contains("<weight>1</weight>"));
    assertTrue(xml.contains("<schedulingMode>FIFO</schedulingMode>"));
  }
}
