package com.whereq.libra.driver.python;

import com.fasterxml.jackson.databind.JsonNode;
import com.whereq.libra.driver.DriverProtocol.JobError;
import com.whereq.libra.driver.DriverProtocol.Position;
import com.whereq.libra.driver.error.JobFailure;
import java.util.Map;
import java.util.Set;

/** What the end of Python code means for its job. */
final class PythonOutcome {
  /** Our own errors, which say more than that an exception was thrown. */
  private static final Set<String> OWN =
      Set.of("RESULT_TOO_LARGE", "RESULT_NOT_STORED", "SQL_REFUSED");

  private static final Map<Integer, String> SIGNALS =
      Map.of(
          2, "SIGINT", 4, "SIGILL", 6, "SIGABRT", 7, "SIGBUS", 8, "SIGFPE", 9, "SIGKILL", 11,
          "SIGSEGV", 13, "SIGPIPE", 14, "SIGALRM", 15, "SIGTERM");

  private PythonOutcome() {}

  /** Returns when the job has succeeded; the word is null where there was none. */
  static void check(JsonNode word, int status) {
    JsonNode said = word == null ? null : word.has("done") ? word.get("done") : word;
    if (said != null && said.has("failed")) {
      throw new JobFailure(failed(said.get("failed")));
    }
    int code = said != null && said.has("exit") ? said.get("exit").asInt() : status;
    if (code > 0) {
      throw new JobFailure("PROGRAM_EXITED", "The program exited with " + code, null, false, null);
    }
    if (code < 0) {
      throw died(code);
    }
  }

  private static JobFailure died(int status) {
    if (status == Interpreter.LOST) {
      return new JobFailure("PROGRAM_DIED", "The process of the program is gone", null, true, null);
    }
    String signal = SIGNALS.getOrDefault(-status, "signal " + -status);
    String hint =
        status == -Interpreter.SIGKILL
            ? "The system kills a process so when memory runs out."
            : null;
    return new JobFailure(
        "PROGRAM_DIED", "The process of the program died of " + signal, hint, false, null);
  }

  private static JobError failed(JsonNode told) {
    String headline = told.get("headline").asText();
    JsonNode position = told.get("position");
    if (!position.isNull()) {
      return new JobError(
          "PROGRAM_SYNTAX",
          headline,
          null,
          null,
          new Position(
              position.get("line").asInt(),
              position.get("column").asInt(),
              position.get("fragment").asText()),
          null,
          null,
          false);
    }
    JsonNode spark = told.get("spark");
    String code = text(spark, "code");
    return new JobError(
        OWN.contains(code == null ? "" : code) ? code : "PROGRAM_FAILED",
        headline + "\n\n" + told.get("trace").asText(),
        text(spark, "errorClass"),
        text(spark, "sqlState"),
        null,
        text(spark, "cause"),
        text(spark, "hint"),
        spark.path("retryable").asBoolean());
  }

  private static String text(JsonNode node, String name) {
    JsonNode value = node.path(name);
    return value.isMissingNode() || value.isNull() ? null : value.asText();
  }
}
