package com.whereq.libra.examples;

import static org.apache.spark.sql.functions.col;

import java.util.Arrays;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Counts the words of a text file: {@code JavaWordCount FILE}. */
public final class JavaWordCount {

  private JavaWordCount() {}

  public static void main(String[] args) {
    if (args.length != 1) {
      throw new IllegalArgumentException("usage: JavaWordCount FILE");
    }
    // On Libra this is the session of the job; under spark-submit it starts Spark.
    SparkSession spark = SparkSession.builder().appName("word count").getOrCreate();

    Dataset<String> words =
        spark
            .read()
            .textFile(args[0])
            .flatMap(
                (FlatMapFunction<String, String>)
                    line -> Arrays.asList(line.toLowerCase().split("\\W+")).iterator(),
                Encoders.STRING())
            .filter(col("value").notEqual(""));
    Dataset<Row> counts =
        words.groupBy("value").count().orderBy(col("count").desc(), col("value").asc());

    for (Row row : counts.collectAsList()) {
      System.out.println(row.getString(0) + ": " + row.getLong(1));
    }
  }
}
