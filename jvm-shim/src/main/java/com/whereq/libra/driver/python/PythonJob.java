package com.whereq.libra.driver.python;

import com.fasterxml.jackson.databind.JsonNode;
import com.whereq.libra.driver.DriverProtocol.ResultSummary;
import com.whereq.libra.driver.DriverProtocol.Submit;
import com.whereq.libra.driver.error.JobFailure;
import com.whereq.libra.driver.job.JobBody;
import com.whereq.libra.driver.job.JobScope;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.sql.classic.SparkSession;

/** Python code, in an interpreter of its own that ends with it, or in that of its context. */
public final class PythonJob implements JobBody {
  private static final AtomicLong STATEMENTS = new AtomicLong();

  /** How long code may take to obey an interrupt. A context has something to lose. */
  private static final long GRACE_MILLIS = 500;

  private static final long CONTEXT_GRACE_MILLIS = 3000;

  private static final int ATTEMPTS = 3;

  private final JobScope scope;
  private final Submit request;
  private final JobOutput output;
  private volatile PythonStatement statement;
  private volatile Interpreter interpreter;
  private volatile boolean killed;
  private volatile long stopBegan;
  private boolean begun;

  public PythonJob(JobScope scope) {
    this.scope = scope;
    this.request = scope.request();
    this.output = new JobOutput(request.jobId(), request.maxLogBytes(), scope.events());
  }

  @Override
  public ResultSummary run() throws Exception {
    PythonHost host = scope.spark().python();
    if (host == null) {
      throw new JobFailure(
          "PROGRAM_NOT_STARTED",
          "There is no Python on this server",
          "Install Python with pyspark, or name one with libra.python.executable.",
          false,
          null);
    }
    SparkSession session = scope.session();
    scope.bindThread(session);
    PythonStatement own = new PythonStatement(scope, session);
    statement = own;
    JsonNode word = runSomewhere(host, own);
    PythonOutcome.check(
        word, request.context() == null || interpreter.hasEnded() ? interpreter.status() : 0);
    return summary(own.shown());
  }

  /** Asks first, and ends the process of code that does not listen. */
  @Override
  public void stop() {
    Interpreter current = interpreter;
    if (current == null) {
      return;
    }
    long now = System.nanoTime();
    long grace = request.context() == null ? GRACE_MILLIS : CONTEXT_GRACE_MILLIS;
    if (stopBegan == 0) {
      stopBegan = now;
      current.interrupt();
    } else if ((now - stopBegan) / 1_000_000 > grace) {
      killed = true;
      current.kill();
    }
    current.gateway().interrupt();
  }

  @Override
  public void discard() {
    PythonStatement current = statement;
    if (current != null) {
      current.discard();
    }
  }

  /** Again where an interpreter was killed before it began: it waited for its job. */
  private JsonNode runSomewhere(PythonHost host, PythonStatement own) throws Exception {
    for (int attempt = 1; ; attempt++) {
      try {
        return request.context() == null ? runAlone(host, own) : runInContext(host, own);
      } catch (JobFailure e) {
        if (begun || interpreter == null || stopBegan != 0 || attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private JsonNode runAlone(PythonHost host, PythonStatement own) throws Exception {
    interpreter = host.take();
    try {
      interpreter.occupy(own, output);
      return say(false);
    } finally {
      end(interpreter);
      host.released();
    }
  }

  private JsonNode runInContext(PythonHost host, PythonStatement own) throws Exception {
    Contexts.Taken taken = host.contexts().take(request.sessionId(), request.context());
    interpreter = taken.interpreter();
    if (taken.note() != null) {
      output.note(taken.note());
    }
    interpreter.occupy(own, output);
    JsonNode word = null;
    try {
      word = say(true);
      return word;
    } finally {
      if (word == null) {
        String why = killed ? "a statement did not obey its cancel" : "its process had ended";
        host.contexts().lost(request.sessionId(), request.context(), why);
        end(interpreter);
      } else {
        interpreter.drain();
        interpreter.free();
      }
    }
  }

  private static JobFailure notBegun(Throwable cause) {
    return new JobFailure(
        "PROGRAM_DIED",
        "The interpreter was gone before it had the code: nothing of it has run",
        "Send it again.",
        true,
        cause);
  }

  /** Answers with what the interpreter says, or null when it ends without a word. */
  private JsonNode say(boolean keep) {
    try {
      interpreter.run(
          Map.of(
              "code",
              request.code(),
              "args",
              request.args(),
              "statement",
              STATEMENTS.incrementAndGet(),
              "keep",
              keep));
    } catch (IOException e) {
      throw notBegun(e);
    }
    if (interpreter.awaitWord() == null) {
      throw notBegun(null);
    }
    begun = true;
    JsonNode word = interpreter.awaitWord();
    if (!keep) {
      interpreter.awaitEnd();
    }
    return word;
  }

  /** Leaves nothing of the interpreter, here or there. */
  private void end(Interpreter ending) {
    if (!ending.hasEnded()) {
      ending.kill();
      ending.awaitEnd();
    }
    ending.drainToTheEnd();
    SparkLeftovers.end(scope, ending);
    ending.free();
    ending.dispose();
  }

  private ResultSummary summary(ResultSummary shown) {
    String text = output.text();
    if (shown == null) {
      return new ResultSummary(text, null, null, output.isTruncated(), true, 0);
    }
    return new ResultSummary(
        text,
        shown.columns(),
        shown.rowCount(),
        shown.truncated() || output.isTruncated(),
        shown.complete(),
        shown.byteCount());
  }
}
