package com.whereq.libra.driver.result;

import java.util.HashSet;
import java.util.Set;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Spark allows two columns or fields of one name, Arrow does not: repeated names get a number, in
 * Arrow only. Rows are written by position, so that nothing else changes.
 */
final class ArrowNames {
  private ArrowNames() {}

  static StructType unique(StructType type) {
    Set<String> taken = new HashSet<>(java.util.List.of(type.fieldNames()));
    Set<String> used = new HashSet<>();
    StructField[] fields = type.fields().clone();
    for (int i = 0; i < fields.length; i++) {
      StructField field = fields[i];
      String name = field.name();
      for (int n = 1; !used.add(name); n++) {
        String candidate = field.name() + "_" + n;
        name = taken.contains(candidate) ? name : candidate;
      }
      fields[i] =
          new StructField(name, unique(field.dataType()), field.nullable(), field.metadata());
    }
    return new StructType(fields);
  }

  private static DataType unique(DataType type) {
    if (type instanceof StructType struct) {
      return unique(struct);
    }
    if (type instanceof ArrayType array) {
      return new ArrayType(unique(array.elementType()), array.containsNull());
    }
    if (type instanceof MapType map) {
      return new MapType(unique(map.keyType()), unique(map.valueType()), map.valueContainsNull());
    }
    return type;
  }
}
