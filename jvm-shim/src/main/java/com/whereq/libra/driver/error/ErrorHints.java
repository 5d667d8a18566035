package com.whereq.libra.driver.error;

import java.util.Map;
import org.apache.spark.SparkThrowable;

/** The suggestion that Spark makes inside its message, as a sentence of its own. */
final class ErrorHints {
  private ErrorHints() {}

  static String of(Throwable t) {
    if (!(t instanceof SparkThrowable spark) || spark.getCondition() == null) {
      return null;
    }
    Map<String, String> parameters = spark.getMessageParameters();
    String proposal = parameters == null ? null : parameters.get("proposal");
    if (proposal != null && !proposal.isBlank()) {
      return "Did you mean one of these? " + proposal;
    }
    return byCondition(spark.getCondition().split("\\.")[0]);
  }

  private static String byCondition(String condition) {
    return switch (condition) {
      case "TABLE_OR_VIEW_NOT_FOUND" ->
          "Check the spelling and the schema, or qualify the name with catalog and schema;"
              + " DROP … IF EXISTS tolerates what is not there.";
      case "UNRESOLVED_ROUTINE" ->
          "Check the spelling of the function; SHOW FUNCTIONS lists those that are known.";
      case "SCHEMA_NOT_FOUND" -> "SHOW SCHEMAS lists those that are known.";
      case "DIVIDE_BY_ZERO" -> "Use try_divide to get NULL in place of the error.";
      case "CAST_INVALID_INPUT", "CAST_OVERFLOW" ->
          "Use try_cast to get NULL in place of the error.";
      case "ARITHMETIC_OVERFLOW" -> "Use the try_ functions to get NULL in place of the error.";
      case "PATH_NOT_FOUND" ->
          "Check the path, and that the driver and every executor can read it.";
      case "UNBOUND_SQL_PARAMETER" -> "Give the parameter a value in `parameters`.";
      default -> null;
    };
  }
}
