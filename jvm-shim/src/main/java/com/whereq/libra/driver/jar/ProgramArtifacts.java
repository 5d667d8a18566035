package com.whereq.libra.driver.jar;

import java.lang.reflect.Field;
import java.nio.file.Path;
import org.apache.spark.JobArtifactSet;
import org.apache.spark.JobArtifactSet$;
import org.apache.spark.JobArtifactState;
import org.apache.spark.SparkContext;
import scala.Option;
import scala.runtime.AbstractFunction0;
import scala.runtime.BoxedUnit;

/**
 * What takes the classes of one jar to its tasks: Spark gives tasks with the same artifact state a
 * class loader of their own. In local mode that loader finds the classes of the driver through
 * {@link TaskLoader}, elsewhere the executors fetch the rewritten jar.
 */
final class ProgramArtifacts {
  private static final ThreadLocal<Option<JobArtifactState>> CURRENT = current();

  private final JobArtifactState state;
  private final SparkContext context;

  ProgramArtifacts(String id, SparkContext context) {
    this.state = new JobArtifactState(id, Option.empty());
    this.context = context;
  }

  JobArtifactState state() {
    return state;
  }

  /** The calling thread's tasks see the classes from here on. */
  void bind() {
    if (CURRENT.get().isEmpty()) {
      CURRENT.set(Option.apply(state));
    }
  }

  void add(Path jar) {
    if (!context.isLocal()) {
      JobArtifactSet.withActiveJobArtifactState(
          state,
          new AbstractFunction0<>() {
            @Override
            public BoxedUnit apply() {
              context.addJar(jar.toString());
              return BoxedUnit.UNIT;
            }
          });
    }
  }

  void remove() {
    context.addedJars().remove(state.uuid());
  }

  /** Spark sets it for the length of a function alone, which a thread of a program is not. */
  @SuppressWarnings("unchecked")
  private static ThreadLocal<Option<JobArtifactState>> current() {
    try {
      for (Field field : JobArtifactSet$.class.getDeclaredFields()) {
        if (ThreadLocal.class.isAssignableFrom(field.getType())) {
          field.setAccessible(true);
          return (ThreadLocal<Option<JobArtifactState>>) field.get(JobArtifactSet$.MODULE$);
        }
      }
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("the artifacts of a thread cannot be reached", e);
    }
    throw new IllegalStateException("this Spark keeps the artifacts of a thread elsewhere");
  }
}
