package com.whereq.libra.examples

import org.apache.spark.sql.SparkSession

/**
 * Stops Spark as a program of its own should, and still has something to do. On the shared driver
 * stop() does nothing, because others work there too.
 */
object ScalaStopAndGoOn {

  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().appName("stop and go on").getOrCreate()
    val even = spark.range(1000).filter("id % 2 = 0").count()
    spark.stop()

    println(s"Spark counted $even even numbers")
    println("still here after spark.stop()")
  }
}
