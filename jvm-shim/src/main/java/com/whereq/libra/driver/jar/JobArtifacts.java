package com.whereq.libra.driver.jar;

import java.lang.reflect.Field;
import org.apache.spark.JobArtifactSet;
import org.apache.spark.JobArtifactState;
import org.apache.spark.sql.artifact.ArtifactManager;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.internal.SessionState;
import scala.Function0;
import scala.Option;
import scala.collection.immutable.Seq;

/**
 * The artifacts of a session that programs run in: for their threads those of the program, for
 * everybody else what was there before.
 */
final class JobArtifacts extends ArtifactManager {
  private final ArtifactManager others;

  private JobArtifacts(SparkSession session, ArtifactManager others) {
    super(session);
    this.others = others;
  }

  static synchronized void equip(SparkSession session) {
    SessionState state = session.sessionState();
    ArtifactManager present = state.artifactManager();
    if (present instanceof JobArtifacts) {
      return;
    }
    try {
      Field field = SessionState.class.getDeclaredField("artifactManager");
      field.setAccessible(true);
      field.set(state, new JobArtifacts(session, present));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the session takes no classes of programs", e);
    }
  }

  @Override
  public <T> T withResources(Function0<T> body) {
    JarJob job = JobThreads.jobOf(Thread.currentThread());
    return job == null
        ? others.withResources(body)
        : JobArtifactSet.withActiveJobArtifactState(job.loader().artifacts().state(), body);
  }

  @Override
  public JobArtifactState state() {
    JarJob job = JobThreads.jobOf(Thread.currentThread());
    // Null while the super class is made.
    return others == null
        ? super.state()
        : job == null ? others.state() : job.loader().artifacts().state();
  }

  @Override
  public ClassLoader classloader() {
    JarJob job = JobThreads.jobOf(Thread.currentThread());
    return job == null ? others.classloader() : job.loader();
  }

  @Override
  public Seq<java.net.URL> getAddedJars() {
    return others.getAddedJars();
  }

  @Override
  public Seq<String> getPythonIncludes() {
    return others.getPythonIncludes();
  }

  @Override
  public void addArtifact(
      java.nio.file.Path path, java.nio.file.Path staged, Option<String> fragment, boolean delete) {
    others.addArtifact(path, staged, fragment, delete);
  }

  @Override
  public void addLocalArtifacts(Seq<org.apache.spark.sql.Artifact> artifacts) {
    others.addLocalArtifacts(artifacts);
  }

  /** A clone of the session runs programs as well. */
  @Override
  public ArtifactManager clone(SparkSession session) {
    return new JobArtifacts(session, others.clone(session));
  }

  @Override
  public void close() {
    others.close();
    super.close();
  }
}
