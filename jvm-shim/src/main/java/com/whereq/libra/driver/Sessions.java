package com.whereq.libra.driver;

import com.whereq.libra.driver.sql.SettingGuard;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The root session and the light sessions beside it, by their ids. */
public final class Sessions {
  public static final String DEFAULT = "default";
  private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

  private final SparkSession root;
  private final Map<String, SparkSession> light = new ConcurrentHashMap<>();

  Sessions(SparkSession root) {
    this.root = root;
  }

  public SparkSession root() {
    return root;
  }

  /** Null when there is no such session. */
  public SparkSession get(String id) {
    return id.equals(DEFAULT) ? root : light.get(id);
  }

  /** Views, current database and settings of its own; cached data is shared. */
  void open(String id, Map<String, String> settings) {
    if (id.equals(DEFAULT)) {
      throw new IllegalArgumentException("the default session is always there");
    }
    SparkSession session = root.newSession();
    settings.forEach(
        (key, value) -> {
          SettingGuard.check(root.sparkContext().conf(), key, value);
          session.conf().set(key, value);
        });
    if (light.putIfAbsent(id, session) != null) {
      throw new IllegalArgumentException("there is a session " + id + " already");
    }
  }

  void close(String id) {
    SparkSession session = light.remove(id);
    if (session == null) {
      return;
    }
    for (StreamingQuery query : session.streams().active()) {
      try {
        query.stop();
      } catch (Exception e) {
        LOG.warn("A streaming query of session {} did not stop: {}", id, e.toString());
      }
    }
    session.sessionState().catalog().clearTempTables();
    session.artifactManager().close();
  }

  List<String> unmodifiable(List<String> keys) {
    List<String> refused = new ArrayList<>();
    for (String key : keys) {
      if (!root.conf().isModifiable(key)) {
        refused.add(key);
      }
    }
    return refused;
  }
}
