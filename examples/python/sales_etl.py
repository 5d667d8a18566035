"""Reads sales from CSV, drops what cannot be used, and writes the revenue of each country as
Parquet: sales_etl.py INPUT OUTPUT SINCE, where SINCE is a day like 2025-02-01."""

import sys
from datetime import date
from decimal import Decimal

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType

# How the columns of the file are read; what does not fit becomes null.
SCHEMA = "id BIGINT, day DATE, country STRING, product STRING, quantity INT, price DECIMAL(10,2)"


# A type rather than its text, which Spark could not read before it is started.
@F.udf(DecimalType(20, 2))
def revenue(quantity: int, price: Decimal) -> Decimal:
    return quantity * price


def main(source: str, target: str, since: date) -> None:
    spark = SparkSession.builder.appName("sales").getOrCreate()

    sales = spark.read.csv(source, header=True, schema=SCHEMA)
    usable = sales.where(F.col("quantity").isNotNull() & (F.col("day") >= F.lit(since)))
    countries = (
        usable.withColumn("revenue", revenue("quantity", "price"))
        .groupBy("country")
        .agg(F.count("*").alias("sales"), F.sum("revenue").alias("revenue"))
    )

    # One file is enough for a few rows; a run that is repeated replaces its own output.
    countries.coalesce(1).write.parquet(target, mode="overwrite")

    for row in spark.read.parquet(target).orderBy("country").collect():
        print(f"{row['country']}: {row['sales']} sales, {row['revenue']}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise ValueError("usage: sales_etl.py INPUT OUTPUT SINCE")
    main(sys.argv[1], sys.argv[2], date.fromisoformat(sys.argv[3]))
