package com.whereq.libra.driver.error;

import com.whereq.libra.driver.DriverProtocol.JobError;
import com.whereq.libra.driver.sql.SqlRefusedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.catalyst.parser.ParseException;

/**
 * Turns what a job threw into the error that clients read: once, here, with the root cause first
 * and no stack trace.
 */
public final class ErrorTranslator {
  /** Conditions that only wrap what really happened in the user's own code. */
  private static final Set<String> WRAPPERS =
      Set.of(
          "FAILED_EXECUTE_UDF",
          "FAILED_FUNCTION_CALL",
          "TASK_WRITE_FAILED",
          "STREAM_FAILED",
          "FOREACH_BATCH_USER_FUNCTION_ERROR",
          "_LEGACY_ERROR_TEMP_2054",
          "EXPRESSION_DECODING_FAILED",
          "EXPRESSION_ENCODING_FAILED");

  private ErrorTranslator() {}

  public static JobError translate(Throwable thrown, String statement) {
    List<Throwable> chain = chain(thrown);
    JobFailure own = first(chain, JobFailure.class);
    if (own != null && own.error() != null) {
      return own.error();
    }
    SqlRefusedException refused = first(chain, SqlRefusedException.class);
    if (refused != null) {
      return new JobError(
          "SQL_REFUSED", refused.getMessage(), null, null, null, null, refused.hint(), false);
    }
    Throwable fatal = firstFatal(chain);
    if (fatal != null) {
      return failed(FatalText.of(fatal));
    }
    Throwable root = chain.get(chain.size() - 1);
    Throwable named = namedByCondition(chain);
    Throwable told = named == null ? root : named;
    boolean wraps = named != null && named != root && wrapsUserCode(named);
    return new JobError(
        code(chain),
        wraps ? describe(root) + "\n" + messageOf(named) : describe(told),
        condition(told),
        sqlState(told),
        StatementPosition.of(told, statement),
        named != null && named != root ? describe(root) : null,
        ErrorHints.of(told),
        isRetryable(chain));
  }

  /** The message of the innermost cause, for what fails outside of a job. */
  public static String rootMessage(Throwable thrown) {
    List<Throwable> chain = chain(thrown);
    Throwable named = namedByCondition(chain);
    return describe(named == null ? chain.get(chain.size() - 1) : named);
  }

  public static boolean isOutOfMemory(Throwable thrown) {
    return firstFatal(chain(thrown)) instanceof OutOfMemoryError;
  }

  private static JobError failed(String message) {
    return new JobError("EXECUTION_FAILED", message, null, null, null, null, null, false);
  }

  private static List<Throwable> chain(Throwable thrown) {
    List<Throwable> chain = new ArrayList<>();
    // Bounded: a cause may lead back to where it started.
    for (Throwable t = thrown; t != null && !chain.contains(t) && chain.size() < 50; ) {
      chain.add(t);
      t = t.getCause();
    }
    return chain;
  }

  private static <T> T first(List<Throwable> chain, Class<T> type) {
    return chain.stream().filter(type::isInstance).map(type::cast).findFirst().orElse(null);
  }

  private static Throwable firstFatal(List<Throwable> chain) {
    return chain.stream()
        .filter(t -> t instanceof OutOfMemoryError || t instanceof StackOverflowError)
        .findFirst()
        .orElse(null);
  }

  /** The innermost throwable that carries one of Spark's error conditions. */
  private static Throwable namedByCondition(List<Throwable> chain) {
    for (int i = chain.size() - 1; i >= 0; i--) {
      String condition = condition(chain.get(i));
      if (condition != null && !condition.startsWith("_LEGACY_ERROR_TEMP_2254")) {
        return chain.get(i);
      }
    }
    return null;
  }

  private static boolean wrapsUserCode(Throwable named) {
    String condition = condition(named);
    return condition != null && WRAPPERS.contains(condition.split("\\.")[0]);
  }

  private static String code(List<Throwable> chain) {
    if (first(chain, ParseException.class) != null) {
      return "SQL_PARSE";
    }
    return first(chain, AnalysisException.class) != null ? "SQL_ANALYSIS" : "EXECUTION_FAILED";
  }

  private static String condition(Throwable t) {
    return t instanceof SparkThrowable spark ? spark.getCondition() : null;
  }

  private static String sqlState(Throwable t) {
    return t instanceof SparkThrowable spark ? spark.getSqlState() : null;
  }

  /** Foreign exceptions are named; Spark's own messages say enough. */
  private static String describe(Throwable t) {
    String message = messageOf(t);
    if (condition(t) != null || message.startsWith("Job aborted")) {
      return message;
    }
    return message.isEmpty() ? t.getClass().getName() : t.getClass().getName() + ": " + message;
  }

  private static String messageOf(Throwable t) {
    return MessageText.clean(t.getMessage() == null ? "" : t.getMessage());
  }

  /** Lost executors and shuffle files come back; a wrong statement stays wrong. */
  private static boolean isRetryable(List<Throwable> chain) {
    return chain.stream()
        .map(t -> t.getMessage() == null ? "" : t.getMessage())
        .anyMatch(m -> m.contains("ExecutorLostFailure") || m.contains("FetchFailed("));
  }
}
