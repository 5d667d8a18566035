package com.whereq.libra.examples;

import static org.apache.spark.sql.functions.call_udf;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import java.math.BigDecimal;
import java.sql.Date;
import java.time.LocalDate;
import org.apache.spark.api.java.function.FilterFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;

/**
 * Reads sales from CSV, drops what cannot be used, and writes the revenue of each country as
 * Parquet: {@code JavaSalesEtl INPUT OUTPUT SINCE}, where SINCE is a day like 2025-02-01.
 */
public final class JavaSalesEtl {

  private JavaSalesEtl() {}

  public static void main(String[] args) {
    if (args.length != 3) {
      throw new IllegalArgumentException("usage: JavaSalesEtl INPUT OUTPUT SINCE");
    }
    String input = args[0];
    String output = args[1];
    Date since = Date.valueOf(LocalDate.parse(args[2]));
    SparkSession spark = SparkSession.builder().appName("sales").getOrCreate();
    spark
        .udf()
        .register(
            "revenue",
            (UDF2<Integer, BigDecimal, BigDecimal>)
                (quantity, price) -> price.multiply(BigDecimal.valueOf(quantity)),
            DataTypes.createDecimalType(20, 2));

    Dataset<Sale> sales =
        spark
            .read()
            .option("header", true)
            .schema(Sale.SCHEMA)
            .csv(input)
            .as(Encoders.bean(Sale.class));
    Dataset<Sale> usable =
        sales.filter(
            (FilterFunction<Sale>)
                sale -> sale.getQuantity() != null && !sale.getDay().before(since));
    Dataset<Row> revenue =
        usable
            .withColumn("revenue", call_udf("revenue", col("quantity"), col("price")))
            .groupBy("country")
            .agg(count(lit(1)).as("sales"), sum("revenue").as("revenue"));

    // One file is enough for a few rows; a run that is repeated replaces its own output.
    revenue.coalesce(1).write().mode(SaveMode.Overwrite).parquet(output);

    for (Row row : spark.read().parquet(output).orderBy("country").collectAsList()) {
      System.out.println(row.getString(0) + ": " + row.getLong(1) + " sales, " + row.getDecimal(2));
    }
  }
}
