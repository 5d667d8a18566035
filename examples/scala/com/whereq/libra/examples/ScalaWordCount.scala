package com.whereq.libra.examples

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions.desc

/** Counts the words of a text file: `ScalaWordCount FILE`. */
object ScalaWordCount {

  def main(args: Array[String]): Unit = {
    require(args.length == 1, "usage: ScalaWordCount FILE")
    // On Libra this is the session of the job; under spark-submit it starts Spark.
    val spark = SparkSession.builder().appName("word count").getOrCreate()
    import spark.implicits._

    val counts = spark.read
      .textFile(args(0))
      .flatMap(_.toLowerCase.split("\\W+"))
      .filter(_.nonEmpty)
      .groupBy($"value".as("word"))
      .count()
      .orderBy(desc("count"), $"word")
      .as[WordCount]

    counts.collect().foreach(one => println(s"${one.word}: ${one.count}"))
  }
}

/** Outside of the object: Spark makes it anew on the executors. */
final case class WordCount(word: String, count: Long)
