package com.whereq.libra.driver.error;

import com.whereq.libra.driver.DriverProtocol.Position;
import org.apache.spark.QueryContext;
import org.apache.spark.QueryContextType;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.catalyst.parser.ParseException;

/** Where in the statement an error was found; lines and columns count from 1. */
final class StatementPosition {
  private static final int MAX_FRAGMENT = 1000;

  private StatementPosition() {}

  static Position of(Throwable t, String statement) {
    if (t instanceof ParseException parse) {
      return ofOrigin(parse.start().line(), parse.start().startPosition(), null);
    }
    if (t instanceof SparkThrowable spark) {
      for (QueryContext context : spark.getQueryContext()) {
        Position position = ofContext(context, statement);
        if (position != null) {
          return position;
        }
      }
    }
    return t instanceof AnalysisException analysis
        ? ofOrigin(analysis.line(), analysis.startPosition(), null)
        : null;
  }

  /** Null for what lies in a view's text: its indexes do not count in the statement. */
  private static Position ofContext(QueryContext context, String statement) {
    if (context == null
        || context.contextType() != QueryContextType.SQL
        || !context.objectName().isEmpty()) {
      return null;
    }
    // ANTLR counts code points, not UTF-16 units: an emoji before the error is one place.
    int start = context.startIndex();
    int[] text = statement.codePoints().toArray();
    if (start < 0 || start >= text.length) {
      return null;
    }
    int line = 1;
    int lineStart = 0;
    for (int i = 0; i < start; i++) {
      if (text[i] == '\n') {
        line++;
        lineStart = i + 1;
      }
    }
    int end = Math.min(text.length, context.stopIndex() + 1);
    // Cut here: Spark's own fragment is off by the number of emojis before it.
    return new Position(
        line, start - lineStart + 1, end <= start ? null : fragment(text, start, end));
  }

  private static Position ofOrigin(
      scala.Option<Object> line, scala.Option<Object> start, String fragment) {
    if (line.isEmpty() || start.isEmpty()) {
      return null;
    }
    // Spark counts lines from 1 and columns from 0.
    return new Position((Integer) line.get(), (Integer) start.get() + 1, fragment);
  }

  private static String fragment(int[] text, int start, int end) {
    int length = Math.min(end - start, MAX_FRAGMENT);
    return new String(text, start, length) + (length < end - start ? "…" : "");
  }
}
