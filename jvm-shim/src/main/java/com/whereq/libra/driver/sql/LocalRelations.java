package com.whereq.libra.driver.sql;

import java.lang.reflect.Constructor;
import java.util.Arrays;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.plans.logical.LocalRelation;
import scala.Option;
import scala.collection.immutable.Seq;

/** Makes local relations, whose parameters differ between versions of Spark. */
final class LocalRelations {
  private static final Constructor<?> CONSTRUCTOR =
      Arrays.stream(LocalRelation.class.getConstructors())
          .max((a, b) -> Integer.compare(a.getParameterCount(), b.getParameterCount()))
          .orElseThrow();

  private LocalRelations() {}

  /** Output, data, and from then on defaults. */
  static LocalRelation of(Seq<Attribute> output, Seq<InternalRow> data) {
    Object[] arguments = new Object[CONSTRUCTOR.getParameterCount()];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] =
          switch (i) {
            case 0 -> output;
            case 1 -> data;
            case 2 -> false; // isStreaming
            default -> Option.empty();
          };
    }
    try {
      return (LocalRelation) CONSTRUCTOR.newInstance(arguments);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("This Spark makes local relations in another way", e);
    }
  }
}
