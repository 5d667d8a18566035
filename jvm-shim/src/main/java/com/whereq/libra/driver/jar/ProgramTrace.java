package com.whereq.libra.driver.jar;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** The stack trace of a program, as Java prints it, without what lies beneath its main. */
final class ProgramTrace {
  private static final int MAX_CHARACTERS = 64 << 10;
  private static final String OWN = "com.whereq.libra.driver.";

  private ProgramTrace() {}

  static String of(Throwable thrown) {
    StringBuilder text = new StringBuilder();
    append(
        text,
        thrown,
        List.of(),
        "",
        "",
        Collections.newSetFromMap(new IdentityHashMap<Throwable, Boolean>()));
    return cut(text.toString());
  }

  /** The error in one line, a blank one, and the trace. */
  static String messageOf(Throwable thrown) {
    String said = said(thrown).strip();
    int lineEnd = said.indexOf('\n');
    String line = lineEnd < 0 ? said : said.substring(0, lineEnd).strip();
    return cut(line + "\n\n" + of(thrown).stripTrailing());
  }

  private static String cut(String text) {
    return text.length() <= MAX_CHARACTERS ? text : text.substring(0, MAX_CHARACTERS);
  }

  private static void append(
      StringBuilder text,
      Throwable thrown,
      List<StackTraceElement> enclosing,
      String caption,
      String indent,
      Set<Throwable> seen) {
    if (text.length() > MAX_CHARACTERS || !seen.add(thrown)) {
      return;
    }
    List<StackTraceElement> frames = framesOf(thrown);
    int common = common(frames, enclosing);
    text.append(indent).append(caption).append(said(thrown)).append('\n');
    for (StackTraceElement frame : frames.subList(0, frames.size() - common)) {
      text.append(indent).append("\tat ").append(frame).append('\n');
    }
    if (common > 0) {
      text.append(indent).append("\t... ").append(common).append(" more\n");
    }
    for (Throwable suppressed : thrown.getSuppressed()) {
      append(text, suppressed, frames, "Suppressed: ", indent + "\t", seen);
    }
    if (thrown.getCause() != null) {
      append(text, thrown.getCause(), frames, "Caused by: ", indent, seen);
    }
  }

  /** A message must not keep the error from being told. */
  static String said(Throwable thrown) {
    try {
      return thrown.toString();
    } catch (Throwable e) {
      return thrown.getClass().getName();
    }
  }

  private static List<StackTraceElement> framesOf(Throwable thrown) {
    List<StackTraceElement> frames = new ArrayList<>(List.of(thrown.getStackTrace()));
    int own = -1;
    for (int i = frames.size() - 1; i >= 0; i--) {
      if (frames.get(i).getClassName().equals(JarClass.class.getName())) {
        own = i;
      }
    }
    List<StackTraceElement> kept = new ArrayList<>(own < 0 ? frames : frames.subList(0, own));
    while (own >= 0 && !kept.isEmpty() && isReflection(kept.get(kept.size() - 1))) {
      kept.remove(kept.size() - 1);
    }
    kept.removeIf(frame -> frame.getClassName().startsWith(OWN));
    return kept;
  }

  private static boolean isReflection(StackTraceElement frame) {
    String type = frame.getClassName();
    return type.startsWith("java.lang.reflect.")
        || type.startsWith("jdk.internal.reflect.")
        || type.startsWith("java.lang.invoke.");
  }

  private static int common(List<StackTraceElement> frames, List<StackTraceElement> enclosing) {
    int count = 0;
    while (count < frames.size()
        && count < enclosing.size()
        && frames
            .get(frames.size() - 1 - count)
            .equals(enclosing.get(enclosing.size() - 1 - count))) {
      count++;
    }
    return count;
  }
}
