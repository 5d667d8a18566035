package com.whereq.libra.driver.error;

/** What to say of errors of the JVM itself. */
final class FatalText {
  private FatalText() {}

  static String of(Throwable fatal) {
    String detail = fatal.getMessage() == null ? "" : ": " + fatal.getMessage();
    return fatal instanceof StackOverflowError
        ? "The statement is nested too deeply: the driver's stack overflowed"
        : "The driver ran out of memory" + detail;
  }
}
