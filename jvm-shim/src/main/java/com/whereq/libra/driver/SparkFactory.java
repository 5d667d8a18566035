package com.whereq.libra.driver;

import com.whereq.libra.driver.jar.JobResults;
import com.whereq.libra.driver.jar.SparkPools;
import com.whereq.libra.driver.jar.TaskLoader;
import com.whereq.libra.driver.job.PlanningStop;
import com.whereq.libra.driver.job.TaskLedger;
import com.whereq.libra.driver.launch.Launch;
import com.whereq.libra.driver.pool.FairPools;
import com.whereq.libra.driver.python.PythonHost;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.classic.SparkSession;

/** Makes SparkContexts, one after another, from the same request. */
final class SparkFactory {
  private final DriverProtocol.Start request;
  private final Consumer<DriverProtocol.Event> events;

  SparkFactory(DriverProtocol.Start request, Consumer<DriverProtocol.Event> events) {
    this.request = request;
    this.events = events;
  }

  /** With the pools of now, whatever the request said. */
  LiveSpark create(List<DriverProtocol.Pool> poolsOfNow, Runnable onContextEnded)
      throws IOException {
    DriverFolder folder = DriverFolder.create(poolsOfNow);
    TaskLedger ledger = new TaskLedger(events, onContextEnded);
    SparkContext context = null;
    try {
      org.apache.spark.sql.SparkSession.clearActiveSession();
      org.apache.spark.sql.SparkSession.clearDefaultSession();
      SparkConf conf = conf(folder);
      // What Spark makes of it stands above the loaders of tasks in local mode.
      Thread.currentThread().setContextClassLoader(new TaskLoader(Launch.classLoader()));
      context = new SparkContext(conf);
      JobResults.install(context);
      ledger.attach(context);
      FairPools pools = FairPools.open(context);
      SparkPools.open(context);
      SparkSession root = SparkSession.builder().sparkContext(context).getOrCreate();
      // Now, so that an extension that cannot be made stops the start and not the first job.
      root.sessionState().analyzer();
      PlanningStop.install();
      Thread.currentThread().setContextClassLoader(Launch.classLoader());
      return new LiveSpark(context, root, ledger, pools, folder, python(root, folder));
    } catch (Throwable e) {
      ledger.close();
      if (context != null) {
        boolean ended = context.isStopped();
        context.stop();
        folder.delete();
        if (ended) {
          throw new IllegalStateException(
              "Spark ended while it started: its master removed the application."
                  + " The server's log and the executors' say why.",
              e);
        }
      }
      folder.delete();
      throw e;
    }
  }

  private PythonHost python(SparkSession root, DriverFolder folder) throws IOException {
    return request.python() == null
        ? null
        : PythonHost.open(request.python(), root, folder.python());
  }

  private SparkConf conf(DriverFolder folder) throws IOException {
    // Without Spark's look at system properties: the request is complete.
    SparkConf conf = new SparkConf(false);
    for (Map.Entry<String, String> entry :
        SparkSettings.of(Launch.prepare(request.sparkConf()), request.sqlPolicy(), folder)
            .entrySet()) {
      conf.set(entry.getKey(), entry.getValue());
    }
    if (!SparkSettings.isLocal(request.sparkConf())) {
      // Executors run the tasks that encode rows. By this setting and not by addJar: sessions have
      // class loaders of their own on executors, and jars that were added later are not in them.
      String others = conf.get("spark.jars", "");
      conf.set("spark.jars", others.isEmpty() ? ownJar() : others + "," + ownJar());
    }
    return conf;
  }

  private static String ownJar() {
    try {
      return Path.of(SparkFactory.class.getProtectionDomain().getCodeSource().getLocation().toURI())
          .toString();
    } catch (java.net.URISyntaxException e) {
      throw new IllegalStateException("the driver host's jar has no place", e);
    }
  }
}
