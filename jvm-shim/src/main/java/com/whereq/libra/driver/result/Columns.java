package com.whereq.libra.driver.result;

import com.whereq.libra.driver.DriverProtocol.Column;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Columns as clients see them. */
public final class Columns {
  private Columns() {}

  public static List<Column> of(StructType type) {
    List<Column> columns = new ArrayList<>();
    for (StructField field : type.fields()) {
      // catalogString is the simple string that never leaves fields out.
      columns.add(new Column(field.name(), field.dataType().catalogString(), field.nullable()));
    }
    return columns;
  }
}
