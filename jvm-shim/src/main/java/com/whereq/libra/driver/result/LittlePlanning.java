package com.whereq.libra.driver.result;

import com.whereq.libra.driver.sql.LittleData;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.execution.QueryExecution;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.internal.SQLConf$;

/**
 * Plans and runs queries over a few rows for a few rows: their expressions are interpreted, because
 * compiling code for a query takes ten milliseconds of processor time (its literals stand in that
 * code, so that hardly two queries share it), and one partition takes what is exchanged. What the
 * session has set itself stays as it is.
 */
final class LittlePlanning {
  private static final String FACTORY_MODE = "spark.sql.codegen.factoryMode";
  private static final Map<String, String> SETTINGS =
      Map.of(FACTORY_MODE, "NO_CODEGEN", "spark.sql.shuffle.partitions", "1");

  private LittlePlanning() {}

  /** Runs the body, in which the query is optimized and planned for the first time. */
  static void run(QueryExecution query, Body body) throws Exception {
    if (LittleData.isAll(query.analyzed())) {
      runLittle(query, body);
    } else {
      body.run();
    }
  }

  private static void runLittle(QueryExecution query, Body body) throws Exception {
    SQLConf session = query.sparkSession().sessionState().conf();
    Map<String, String> settings = new HashMap<>(SETTINGS);
    settings.keySet().removeIf(session::contains);
    SQLConf conf = session.clone();
    settings.forEach(conf::setConfString);
    SparkContext context = query.sparkSession().sparkContext();
    // Tasks read it from here; Spark hands them what the session has set, and nothing else.
    context.setLocalProperty(FACTORY_MODE, settings.get(FACTORY_MODE));
    try {
      SQLConf$.MODULE$.withExistingConf(conf, Body.asFunction(body));
    } finally {
      context.setLocalProperty(FACTORY_MODE, null);
    }
  }
}
