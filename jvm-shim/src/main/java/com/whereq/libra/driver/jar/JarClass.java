package com.whereq.libra.driver.jar;

import com.whereq.libra.driver.DriverProtocol.JobError;
import com.whereq.libra.driver.DriverProtocol.ResultSummary;
import com.whereq.libra.driver.DriverProtocol.Submit;
import com.whereq.libra.driver.error.ErrorTranslator;
import com.whereq.libra.driver.error.JobFailure;
import com.whereq.libra.driver.job.JobBody;
import com.whereq.libra.driver.job.JobScope;
import com.whereq.libra.driver.job.ProgramOutput;
import java.beans.Introspector;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.classic.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A program that runs inside the driver: main on a thread of its own, in a group with all that it
 * starts. As for a JVM, the program has ended when no thread of it is left but daemons.
 */
public final class JarClass implements JobBody {
  private static final Logger LOG = LoggerFactory.getLogger(JarClass.class);

  private static final long STACK_BYTES = 64L << 20;

  private final JobScope scope;
  private final ProgramOutput output;
  private volatile boolean stopped;
  private volatile JarJob job;
  private volatile Throwable thrown;

  public JarClass(JobScope scope) {
    this.scope = scope;
    Submit request = scope.request();
    this.output = new ProgramOutput(request.jobId(), request.maxLogBytes(), scope.events());
  }

  @Override
  public ResultSummary run() throws Exception {
    SparkSession session = JobSessions.ready(scope.session());
    JarClasses classes = scope.spark().jarClasses();
    JarLoader loader = open(classes);
    try {
      Method main = MainMethod.of(loader, scope.request().mainClass());
      if (loader.jar().classPath() != null) {
        output.note("the Class-Path of the jar's manifest is not followed");
      }
      run(main, session, loader);
    } finally {
      output.close();
      classes.release(loader);
    }
    return output.summary();
  }

  private JarLoader open(JarClasses classes) {
    Path jar = Path.of(scope.request().filePath());
    try {
      return classes.acquire(jar);
    } catch (IOException e) {
      String name = String.valueOf(jar.getFileName());
      throw new JobFailure(
          "PROGRAM_NOT_STARTED",
          "The jar " + name + " cannot be read: " + e.getMessage(),
          null,
          false,
          null);
    }
  }

  private void run(Method main, SparkSession session, JarLoader loader) {
    JarJob current = new JarJob(scope.tag(), scope.spark(), session, loader, output);
    job = current;
    try {
      if (stopped) {
        return;
      }
      Thread thread =
          new Thread(
              current.threads(),
              () -> invoke(main, current, session),
              "main-" + scope.request().jobId(),
              STACK_BYTES);
      thread.setDaemon(false);
      thread.setContextClassLoader(loader);
      thread.start();
      new ProgramWatch(current).awaitEnd();
    } finally {
      current.forget();
    }
    judge(current);
  }

  private void invoke(Method main, JarJob current, SparkSession session) {
    try {
      scope.bindThread(session);
      scope.spark().context().setLocalProperty(JarJob.PROPERTY, scope.tag());
      current.bindClasses();
      String[] args = scope.request().args().toArray(String[]::new);
      main.invoke(null, (Object) args);
    } catch (InvocationTargetException e) {
      thrown = e.getCause();
    } catch (Throwable e) {
      thrown = e;
    } finally {
      // It holds classes of beans until memory runs short, apart for each group of threads.
      Introspector.flushCaches();
    }
  }

  /** Throws what the program is to be told to have ended with. */
  private void judge(JarJob ended) {
    JarJob.Ending ending = ended.ending();
    if (ending != null && ending.status() != null) {
      if (ending.status() != 0) {
        throw new JobFailure(
            "PROGRAM_EXITED", "The program exited with " + ending.status(), null, false, null);
      }
      return;
    }
    Throwable failure = thrown;
    if (failure == null) {
      return;
    }
    if (failure instanceof LinkageError || failure instanceof VirtualMachineError) {
      ended.loader().spoil();
    }
    LOG.debug("The program of job {} failed", scope.request().jobId(), failure);
    throw new JobFailure(errorOf(failure), failure);
  }

  private static JobError errorOf(Throwable failure) {
    JobError translated = ErrorTranslator.translate(failure, "");
    return new JobError(
        "PROGRAM_FAILED",
        ProgramTrace.messageOf(failure),
        translated.errorClass(),
        translated.sqlState(),
        null,
        translated.cause(),
        translated.hint(),
        translated.retryable());
  }

  @Override
  public void stop() {
    stopped = true;
    JarJob current = job;
    if (current != null) {
      current.end(new JarJob.Ending(null, true));
    }
  }

  @Override
  public void discard() {
    // What a program printed stays in its log.
  }

  /** For those who look after the threads. */
  static List<String> named(List<Thread> threads) {
    return threads.stream().map(Thread::getName).toList();
  }
}
