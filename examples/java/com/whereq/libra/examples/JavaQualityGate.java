package com.whereq.libra.examples;

import static org.apache.spark.sql.functions.col;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Ends with 3 when a file of sales holds lines that cannot be used: {@code JavaQualityGate FILE}.
 * On Libra the job is then FAILED with PROGRAM_EXITED, and the driver lives on.
 */
public final class JavaQualityGate {
  private static final int NOT_USABLE = 3;

  private JavaQualityGate() {}

  public static void main(String[] args) {
    if (args.length != 1) {
      throw new IllegalArgumentException("usage: JavaQualityGate FILE");
    }
    SparkSession spark = SparkSession.builder().appName("quality gate").getOrCreate();

    Dataset<Row> sales = spark.read().option("header", true).schema(Sale.SCHEMA).csv(args[0]);
    long bad = sales.filter(col("quantity").isNull()).count();

    System.out.println(bad + " of " + sales.count() + " sales cannot be used");
    if (bad > 0) {
      System.exit(NOT_USABLE);
    }
  }
}
