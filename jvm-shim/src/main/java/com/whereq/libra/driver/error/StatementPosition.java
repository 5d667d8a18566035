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
    return new Position(line, start - lineStart + 1, shorten(context.fragment()));
  }

  private static Position ofOrigin(
      scala.Option<Object> line, scala.Option<Object> start, String fragment) {
    if (line.isEmpty() || start.isEmpty()) {
      return null;
    }
    // Spark counts lines from 1 and columns from 0.
    return new Position((Integer) line.get(), (Integer) start.get() + 1, fragment);
  }

  private static String shorten(String fragment) {
    if (fragment == null || fragment.isEmpty()) {
      return null;
    }
    return fragment.length() <= MAX_FRAGMENT ? fragment : fragment.substring(0, MAX_FRAGMENT) + "…";
  }
}
