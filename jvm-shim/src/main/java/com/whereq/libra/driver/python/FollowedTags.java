package com.whereq.libra.driver.python;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tags of an interpreter's jobs; of a context that lives long, the newest. */
final class FollowedTags {
  private static final int MOST = 1000;

  private final Map<String, Boolean> tags =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
          return size() > MOST;
        }
      };

  synchronized void follow(String tag) {
    tags.put(tag, true);
  }

  synchronized List<String> all() {
    return List.copyOf(tags.keySet());
  }

  /** Of a list with commas, as Spark keeps it. */
  synchronized boolean holdsOneOf(String list) {
    for (String tag : list.split(",")) {
      if (tags.containsKey(tag)) {
        return true;
      }
    }
    return false;
  }
}
