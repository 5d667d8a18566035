package com.whereq.libra.driver.result;

import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.BoundReference;
import org.apache.spark.sql.catalyst.expressions.Cast;
import org.apache.spark.sql.catalyst.expressions.EvalMode;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Option;

/**
 * The inline text of a result: each cell exactly as Spark's cast to string prints it in the
 * session. The casts are interpreted: for so few rows, compiling code would take longer.
 */
final class ResultText {
  /** A cell may be as large as memory; the text of a job is kept in the history. */
  static final int MAX_CHARACTERS = 8 << 20;

  record Text(String text, long rows) {}

  private final StructType type;
  private final boolean[] hex;
  private final Expression[] casts;

  ResultText(StructType type, SQLConf conf) {
    this.type = type;
    this.hex = new boolean[type.size()];
    this.casts = new Expression[type.size()];
    for (int i = 0; i < casts.length; i++) {
      DataType column = type.fields()[i].dataType();
      hex[i] = BinaryAsHex.concerns(column);
      casts[i] =
          new Cast(
              new BoundReference(i, hex[i] ? BinaryAsHex.type(column) : column, true),
              DataTypes.StringType,
              Option.apply(conf.sessionLocalTimeZone()),
              EvalMode.fromSQLConf(conf));
    }
  }

  Text render(List<byte[]> rows) {
    StringBuilder text = new StringBuilder("Schema: " + type.catalogString() + "\n\n");
    UnsafeRow row = new UnsafeRow(type.size());
    long count = 0;
    for (byte[] bytes : rows) {
      row.pointTo(bytes, bytes.length);
      int before = text.length();
      append(text, row);
      if (text.length() > MAX_CHARACTERS) {
        text.setLength(before);
        break;
      }
      count++;
    }
    return new Text(text.toString(), count);
  }

  private void append(StringBuilder text, UnsafeRow row) {
    text.append('[');
    for (int i = 0; i < casts.length && text.length() <= MAX_CHARACTERS; i++) {
      if (i > 0) {
        text.append(',');
      }
      Object cell = row.isNullAt(i) ? null : casts[i].eval(hex[i] ? hexed(row, i) : row);
      text.append(cell == null ? "null" : cell.toString());
    }
    text.append("]\n");
  }

  private InternalRow hexed(UnsafeRow row, int column) {
    DataType columnType = type.fields()[column].dataType();
    Object[] values = new Object[type.size()];
    values[column] = BinaryAsHex.value(row.get(column, columnType), columnType);
    return new GenericInternalRow(values);
  }
}
