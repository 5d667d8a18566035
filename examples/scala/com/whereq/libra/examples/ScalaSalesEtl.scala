package com.whereq.libra.examples

import java.sql.Date
import java.time.LocalDate

import org.apache.spark.sql.{SaveMode, SparkSession}
import org.apache.spark.sql.functions.{count, lit, sum, udf}

/**
 * Reads sales from CSV, drops what cannot be used, and writes the revenue of each country as
 * Parquet: `ScalaSalesEtl INPUT OUTPUT SINCE`, where SINCE is a day like 2025-02-01.
 */
object ScalaSalesEtl {

  def main(args: Array[String]): Unit = {
    val Array(input, output, day) = args: @unchecked
    val since = Date.valueOf(LocalDate.parse(day))
    val spark = SparkSession.builder().appName("sales").getOrCreate()
    import spark.implicits._

    val revenue = udf((quantity: Int, price: BigDecimal) => price * quantity)
    val sales = spark.read.option("header", true).schema(Sale.SCHEMA).csv(input).as[SaleRow]
    val countries = sales
      .filter(sale => sale.quantity.isDefined && !sale.day.before(since))
      .withColumn("revenue", revenue($"quantity", $"price").cast("decimal(20,2)"))
      .groupBy($"country")
      .agg(count(lit(1)).as("sales"), sum($"revenue").as("revenue"))

    // One file is enough for a few rows; a run that is repeated replaces its own output.
    countries.coalesce(1).write.mode(SaveMode.Overwrite).parquet(output)

    spark.read
      .parquet(output)
      .orderBy($"country")
      .as[(String, Long, BigDecimal)]
      .collect()
      .foreach { case (country, sales, revenue) =>
        println(s"$country: $sales sales, ${revenue.setScale(2)}")
      }
  }
}

/** One line of the file; a quantity that is no number is None. */
final case class SaleRow(
    id: Long,
    day: Date,
    country: String,
    product: String,
    quantity: Option[Int],
    price: BigDecimal
)
