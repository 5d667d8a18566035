package com.whereq.libra.driver.error;

import java.util.regex.Pattern;

/** Frees a message of what Spark puts around the cause, and of every stack trace. */
final class MessageText {
  private static final int MAX_LENGTH = 32_768;
  private static final Pattern ABORTED =
      Pattern.compile(
          "^Job aborted due to stage failure:.*?most recent failure: Lost task [^\\n]*?"
              + "\\(TID \\d+\\) \\([^)]*\\): ",
          Pattern.DOTALL);
  private static final Pattern DRIVER_TRACE =
      Pattern.compile("\\n+Driver stacktrace:.*", Pattern.DOTALL);
  private static final Pattern CREATED_AT =
      Pattern.compile("\\n+This stopped SparkContext was created at:.*", Pattern.DOTALL);
  private static final Pattern FRAMES = Pattern.compile("(?m)^\\s+(at |\\.\\.\\. \\d+ more).*\\R?");
  private static final Pattern JVM_STACK = Pattern.compile("\\n+JVM stacktrace:.*", Pattern.DOTALL);

  private MessageText() {}

  static String clean(String message) {
    String text = ABORTED.matcher(message).replaceFirst("");
    text = DRIVER_TRACE.matcher(text).replaceFirst("");
    text = JVM_STACK.matcher(text).replaceFirst("");
    text = CREATED_AT.matcher(text).replaceFirst("");
    text = FRAMES.matcher(text).replaceAll("");
    text = text.strip();
    return text.length() <= MAX_LENGTH ? text : text.substring(0, MAX_LENGTH) + "…";
  }
}
