package com.whereq.libra.driver.jar;

import com.whereq.libra.driver.sql.SettingGuard;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSessionBuilder;
import org.apache.spark.sql.classic.SparkSession;
import scala.jdk.javaapi.CollectionConverters;

/** What a program gets for the session and the context that it asks Spark for. */
final class JobSessions {
  /** What says where and under which name a program of its own would run. */
  private static final Set<String> OF_THE_SERVER =
      Set.of("spark.master", "spark.app.name", "spark.sql.catalogImplementation");

  private JobSessions() {}

  static SparkContext context() {
    JarJob job = JarJob.current();
    return job == null ? SparkContext.getOrCreate() : job.spark().context();
  }

  /**
   * The session of the job; with settings that it does not have already, a clone of it that sees
   * its views.
   */
  static SparkSession of(SparkSessionBuilder builder) {
    JarJob job = JarJob.current();
    if (job == null) {
      return (SparkSession) builder.getOrCreate();
    }
    SparkSession current =
        (SparkSession)
            org.apache.spark.sql.SparkSession.getActiveSession().getOrElse(() -> job.session());
    Map<String, String> own = new HashMap<>();
    CollectionConverters.asJava(builder.options())
        .forEach(
            (key, value) -> {
              if (!OF_THE_SERVER.contains(key) && !value.equals(valueOf(current, key))) {
                own.put(key, value);
              }
            });
    return own.isEmpty() ? current : cloneWith(job, current, own);
  }

  private static String valueOf(SparkSession session, String key) {
    return session.conf().getOption(key).getOrElse(() -> null);
  }

  private static SparkSession cloneWith(
      JarJob job, SparkSession session, Map<String, String> settings) {
    SparkSession clone = ready(session.cloneSession());
    settings.forEach(
        (key, value) -> {
          if (clone.conf().isModifiable(key)) {
            SettingGuard.check(clone.sparkContext().conf(), key, value);
            clone.conf().set(key, value);
          } else {
            job.output().note(key + " cannot change while the driver runs: it stays as it is");
          }
        });
    // As Spark's own builder does, so that what asks for the active session finds the same one.
    org.apache.spark.sql.SparkSession.setActiveSession(clone);
    return clone;
  }

  /** The session takes the classes of the program to the executors. */
  static SparkSession ready(SparkSession session) {
    JobArtifacts.equip(session);
    return session;
  }
}
