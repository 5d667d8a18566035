package com.whereq.libra.driver.job;

import com.whereq.libra.driver.jar.Guard;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.internal.SQLConf$;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Function0;
import scala.runtime.AbstractFunction0;

/**
 * Ends planning. Spark's analyzer and optimizer never look at the thread's interrupt, and a plan of
 * thousands of nodes keeps them busy for minutes. But nearly every rule asks for the current
 * configuration, through a getter that can be replaced: ours refuses to answer a thread whose job
 * is being cancelled. Results of that thread are thrown away anyhow.
 */
public final class PlanningStop {
  private static final Logger LOG = LoggerFactory.getLogger(PlanningStop.class);

  private PlanningStop() {}

  /** Idempotent; to be called once Spark has set its own getter, which happens with a session. */
  public static void install() {
    try {
      var field = SQLConf$.class.getDeclaredField("confGetter");
      field.setAccessible(true);
      @SuppressWarnings("unchecked")
      var getter = (AtomicReference<Function0<SQLConf>>) field.get(SQLConf$.MODULE$);
      if (!(getter.get() instanceof CheckedGetter)) {
        SQLConf$.MODULE$.setSQLConfGetter(new CheckedGetter(getter.get()));
      }
    } catch (ReflectiveOperationException e) {
      LOG.warn("A cancel will wait until a statement is planned: {}", e.toString());
    }
  }

  private static final class CheckedGetter extends AbstractFunction0<SQLConf> {
    private final Function0<SQLConf> getter;

    CheckedGetter(Function0<SQLConf> getter) {
      this.getter = getter;
    }

    @Override
    public SQLConf apply() {
      if (mustStop() && !initializesAClass()) {
        throw new JobStoppedException();
      }
      return getter.apply();
    }

    private static boolean mustStop() {
      return Thread.currentThread() instanceof JobThread job
          ? job.mustStopPlanning()
          : Guard.isEnding();
    }

    /** A class whose initializer fails is lost for the life of the JVM. */
    private static boolean initializesAClass() {
      return StackWalker.getInstance()
          .walk(frames -> frames.anyMatch(frame -> frame.getMethodName().equals("<clinit>")));
    }
  }

  /** Thrown through Spark's planner into a job that is being cancelled. */
  static final class JobStoppedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    JobStoppedException() {
      super("the job is being cancelled", null, false, false);
    }
  }
}
