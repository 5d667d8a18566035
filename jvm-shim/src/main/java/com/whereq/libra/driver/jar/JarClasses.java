package com.whereq.libra.driver.jar;

import com.whereq.libra.driver.launch.Launch;
import com.whereq.libra.driver.result.Folders;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The class loaders of the jars that programs run from: one for each content of a jar. A few that
 * nobody uses are kept, for whoever runs the same jar again; the others are let go of.
 */
public final class JarClasses {
  private static final Logger LOG = LoggerFactory.getLogger(JarClasses.class);
  private static final int MAX_IDLE = 8;
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final SparkContext context;
  private final Path folder;
  private final RewrittenJars jars;
  private final Map<String, JarLoader> byHash = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<JarLoader, Integer> users = new LinkedHashMap<>();

  public JarClasses(SparkContext context, Path folder) {
    this.context = context;
    this.folder = folder;
    this.jars = new RewrittenJars(folder);
  }

  /** To be released as often as it was acquired. */
  JarLoader acquire(Path jar) throws IOException {
    RewrittenJar rewritten = jars.of(jar);
    synchronized (this) {
      JarLoader loader = byHash.get(rewritten.hash());
      if (loader == null) {
        loader = open(rewritten);
        byHash.put(rewritten.hash(), loader);
      }
      users.merge(loader, 1, Integer::sum);
      return loader;
    }
  }

  void release(JarLoader loader) {
    List<JarLoader> unused = new ArrayList<>();
    synchronized (this) {
      users.computeIfPresent(loader, (each, count) -> count == 1 ? null : count - 1);
      if (loader.isSpoiled()) {
        byHash.remove(loader.jar().hash(), loader);
      }
      int idle = byHash.size() - (int) byHash.values().stream().filter(users::containsKey).count();
      Iterator<JarLoader> oldest = byHash.values().iterator();
      while (idle > MAX_IDLE && oldest.hasNext()) {
        JarLoader candidate = oldest.next();
        if (!users.containsKey(candidate)) {
          oldest.remove();
          unused.add(candidate);
          idle--;
        }
      }
      if (loader.isSpoiled() && !users.containsKey(loader)) {
        unused.add(loader);
      }
    }
    unused.forEach(this::letGo);
  }

  /** With the context that its programs ran in. */
  public synchronized void close() {
    byHash.values().forEach(this::letGo);
    byHash.clear();
    Folders.delete(folder);
  }

  private JarLoader open(RewrittenJar jar) {
    String id = "libra-program-" + jar.hash().substring(0, 12) + "-" + COUNT.incrementAndGet();
    ProgramArtifacts artifacts = new ProgramArtifacts(id, context);
    artifacts.add(jar.file());
    return new JarLoader(jar, artifacts, Launch.classLoader());
  }

  private void letGo(JarLoader loader) {
    try {
      loader.artifacts().remove();
      LoaderTraces.remove(loader.all());
      IsolatedSessions.forget(context, loader.artifacts().state().uuid());
      loader.close();
      synchronized (this) {
        if (!byHash.containsKey(loader.jar().hash())) {
          jars.remove(loader.jar());
        }
      }
    } catch (IOException e) {
      LOG.warn("A jar that is not used any more was not removed: {}", e.toString());
    }
  }
}
