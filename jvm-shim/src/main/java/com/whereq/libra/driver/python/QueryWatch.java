package com.whereq.libra.driver.python;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The streaming queries that an interpreter's jobs have started; they end with it. */
final class QueryWatch {
  private static final Logger LOG = LoggerFactory.getLogger(QueryWatch.class);
  private static final String TAGS_PROPERTY = "spark.job.tags";

  private final FollowedTags tags;
  private final Map<UUID, SparkSession> started = new ConcurrentHashMap<>();
  private final Map<SparkSession, StreamingQueryListener> watched = new HashMap<>();

  QueryWatch(FollowedTags tags) {
    this.tags = tags;
  }

  synchronized void watch(SparkSession session) {
    watched.computeIfAbsent(
        session,
        key -> {
          StreamingQueryListener listener = new Listener(session);
          session.streams().addListener(listener);
          return listener;
        });
  }

  synchronized void stop() {
    watched.forEach((session, listener) -> session.streams().removeListener(listener));
    watched.clear();
    started.forEach(
        (runId, session) ->
            Arrays.stream(session.streams().active())
                .filter(query -> query.runId().equals(runId))
                .forEach(QueryWatch::stop));
    started.clear();
  }

  private static void stop(StreamingQuery query) {
    try {
      query.stop();
    } catch (Exception e) {
      LOG.warn("A streaming query of a Python job did not stop: {}", e.toString());
    }
  }

  private final class Listener extends StreamingQueryListener {
    private final SparkSession session;

    Listener(SparkSession session) {
      this.session = session;
    }

    /** On the query's own thread, which has the local properties of the one that started it. */
    @Override
    public void onQueryStarted(QueryStartedEvent event) {
      String own = session.sparkContext().getLocalProperty(TAGS_PROPERTY);
      if (own != null && tags.holdsOneOf(own)) {
        started.put(event.runId(), session);
      }
    }

    @Override
    public void onQueryProgress(QueryProgressEvent event) {}

    @Override
    public void onQueryTerminated(QueryTerminatedEvent event) {
      started.remove(event.runId());
    }
  }
}
