package com.whereq.libra.driver.error;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.whereq.libra.driver.DriverProtocol.JobError;
import java.util.Map;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;
import scala.jdk.javaapi.CollectionConverters;

class ErrorTranslatorTest {
  private static final String ABORTED =
      "Job aborted due to stage failure: Task 0 in stage 1.0 failed 1 times, most recent failure: "
          + "Lost task 0.0 in stage 1.0 (TID 1) (10.0.0.1 executor driver): "
          + "java.lang.IllegalStateException: boom\n\tat a.B.c(B.java:1)\n\t... 3 more\n\n"
          + "Driver stacktrace:";

  @Test
  void namesTheRootCauseOfAnAbortedJob() {
    JobError error = ErrorTranslator.translate(new SparkException(ABORTED, null), "SELECT 1");
    assertEquals("EXECUTION_FAILED", error.code());
    assertTrue(error.message().contains("java.lang.IllegalStateException: boom"), error.message());
    assertFalse(error.message().contains("\tat "));
    assertFalse(error.message().contains("stacktrace"));
  }

  @Test
  void putsTheUsersOwnExceptionBeforeTheFunctionThatThrewIt() {
    SparkException udf =
        new SparkException(
            "FAILED_EXECUTE_UDF",
            scala.collection.immutable.Map$.MODULE$.from(
                CollectionConverters.asScala(
                    Map.of(
                        "functionName", "f",
                        "signature", "int",
                        "result", "int",
                        "reason", "boom"))),
            new IllegalStateException("boom"));
    JobError error = ErrorTranslator.translate(new RuntimeException(udf), "SELECT f(1)");
    assertTrue(error.message().startsWith("java.lang.IllegalStateException: boom\n"));
    assertEquals("FAILED_EXECUTE_UDF", error.errorClass());
    assertEquals("39000", error.sqlState());
    assertEquals("java.lang.IllegalStateException: boom", error.cause());
  }

  @Test
  void saysWhenMemoryOrStackRanOut() {
    assertEquals(
        "The driver ran out of memory: Java heap space",
        ErrorTranslator.translate(new RuntimeException(new OutOfMemoryError("Java heap space")), "")
            .message());
    assertTrue(
        ErrorTranslator.translate(new StackOverflowError(), "").message().contains("too deeply"));
  }

  @Test
  void keepsAFailureThatKnowsItsError() {
    JobFailure failure = new JobFailure("RESULT_TOO_LARGE", "too large", "less", false, null);
    JobError error = ErrorTranslator.translate(new RuntimeException(failure), "");
    assertEquals("RESULT_TOO_LARGE", error.code());
    assertEquals("less", error.hint());
    assertNull(error.position());
  }

  @Test
  void survivesACauseThatLeadsBack() {
    RuntimeException inner = new RuntimeException("inner");
    RuntimeException outer = new RuntimeException("outer", inner);
    inner.initCause(outer);
    assertEquals("java.lang.RuntimeException: inner", ErrorTranslator.rootMessage(outer));
  }
}
