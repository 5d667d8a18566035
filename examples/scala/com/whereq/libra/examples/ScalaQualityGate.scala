package com.whereq.libra.examples

import org.apache.spark.sql.SparkSession

/**
 * Ends with 3 when a file of sales holds lines that cannot be used: `ScalaQualityGate FILE`. On
 * Libra the job is then FAILED with PROGRAM_EXITED, and the driver lives on.
 */
object ScalaQualityGate {
  private val NotUsable = 3

  def main(args: Array[String]): Unit = {
    require(args.length == 1, "usage: ScalaQualityGate FILE")
    val spark = SparkSession.builder().appName("quality gate").getOrCreate()
    import spark.implicits._

    val sales = spark.read.option("header", true).schema(Sale.SCHEMA).csv(args(0))
    val bad = sales.filter($"quantity".isNull).count()

    println(s"$bad of ${sales.count()} sales cannot be used")
    if (bad > 0) sys.exit(NotUsable)
  }
}
