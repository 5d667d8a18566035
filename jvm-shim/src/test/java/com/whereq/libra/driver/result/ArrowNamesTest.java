package com.whereq.libra.driver.result;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class ArrowNamesTest {
  private static StructType unique(String ddl) {
    return ArrowNames.unique((StructType) DataType.fromDDL(ddl));
  }

  @Test
  void numbersWhatRepeatsAndAvoidsWhatIsTaken() {
    StructType type = new StructType().add("a", "int").add("a", "int").add("a_1", "int");
    assertArrayEquals(new String[] {"a", "a_2", "a_1"}, ArrowNames.unique(type).fieldNames());
  }

  @Test
  void leavesUniqueNamesAlone() {
    assertEquals("struct<a:int,A:int>", unique("a INT, A INT").catalogString());
  }

  @Test
  void looksInsideOfArraysMapsAndStructs() {
    StructType inner = new StructType().add("x", "int").add("x", "int");
    StructType type =
        new StructType()
            .add("s", inner)
            .add("l", new org.apache.spark.sql.types.ArrayType(inner, true))
            .add("m", new org.apache.spark.sql.types.MapType(inner, inner, true));
    assertEquals(
        "struct<s:struct<x:int,x_1:int>,l:array<struct<x:int,x_1:int>>,"
            + "m:map<struct<x:int,x_1:int>,struct<x:int,x_1:int>>>",
        ArrowNames.unique(type).catalogString());
  }
}
