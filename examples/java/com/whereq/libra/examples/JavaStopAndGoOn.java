package com.whereq.libra.examples;

import org.apache.spark.sql.SparkSession;

/**
 * Stops Spark as a program of its own should, and still has something to do. On the shared driver
 * stop() does nothing, because others work there too.
 */
public final class JavaStopAndGoOn {

  private JavaStopAndGoOn() {}

  public static void main(String[] args) {
    SparkSession spark = SparkSession.builder().appName("stop and go on").getOrCreate();
    long even = spark.range(1000).filter("id % 2 = 0").count();
    spark.stop();

    System.out.println("Spark counted " + even + " even numbers");
    System.out.println("still here after spark.stop()");
  }
}
