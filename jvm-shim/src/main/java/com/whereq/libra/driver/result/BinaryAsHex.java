package com.whereq.libra.driver.result;

import java.util.Arrays;
import java.util.HexFormat;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.catalyst.util.MapData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Spark's cast of binary to string takes the bytes as UTF-8. For the text they are shown as Spark's
 * {@code hex()} shows them, inside of arrays, maps and structs too.
 */
final class BinaryAsHex {
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private BinaryAsHex() {}

  static boolean concerns(DataType type) {
    return type.existsRecursively(
        new scala.runtime.AbstractFunction1<DataType, Object>() {
          @Override
          public Object apply(DataType inner) {
            return inner instanceof BinaryType;
          }
        });
  }

  static DataType type(DataType type) {
    if (type instanceof BinaryType) {
      return DataTypes.StringType;
    }
    if (type instanceof ArrayType array) {
      return new ArrayType(type(array.elementType()), array.containsNull());
    }
    if (type instanceof MapType map) {
      return new MapType(type(map.keyType()), type(map.valueType()), map.valueContainsNull());
    }
    if (type instanceof StructType struct) {
      return new StructType(
          Arrays.stream(struct.fields())
              .map(f -> new StructField(f.name(), type(f.dataType()), f.nullable(), f.metadata()))
              .toArray(StructField[]::new));
    }
    return type;
  }

  static Object value(Object value, DataType type) {
    if (value == null) {
      return null;
    }
    if (type instanceof BinaryType) {
      return UTF8String.fromString(HEX.formatHex((byte[]) value));
    }
    if (type instanceof ArrayType array) {
      return array((ArrayData) value, array.elementType());
    }
    if (type instanceof MapType map) {
      MapData data = (MapData) value;
      return new ArrayBasedMapData(
          array(data.keyArray(), map.keyType()), array(data.valueArray(), map.valueType()));
    }
    return type instanceof StructType struct ? struct((InternalRow) value, struct) : value;
  }

  private static ArrayData array(ArrayData data, DataType elementType) {
    Object[] values = new Object[data.numElements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = data.isNullAt(i) ? null : value(data.get(i, elementType), elementType);
    }
    return new GenericArrayData(values);
  }

  private static InternalRow struct(InternalRow row, StructType type) {
    Object[] values = new Object[type.size()];
    for (int i = 0; i < values.length; i++) {
      DataType inner = type.fields()[i].dataType();
      values[i] = row.isNullAt(i) ? null : value(row.get(i, inner), inner);
    }
    return new GenericInternalRow(values);
  }
}
