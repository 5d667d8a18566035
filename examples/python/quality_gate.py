"""Ends with 3 when a file of sales holds lines that cannot be used: quality_gate.py FILE. On Libra
the job is then FAILED with PROGRAM_EXITED, and the driver lives on."""

import sys

from pyspark.sql import SparkSession

NOT_USABLE = 3


def main(file: str) -> int:
    spark = SparkSession.builder.appName("quality gate").getOrCreate()

    schema = "id BIGINT, day DATE, country STRING, product STRING, quantity INT, price DECIMAL(10,2)"
    sales = spark.read.csv(file, header=True, schema=schema)
    bad = sales.where("quantity IS NULL").count()

    print(f"{bad} of {sales.count()} sales cannot be used")
    return NOT_USABLE if bad > 0 else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise ValueError("usage: quality_gate.py FILE")
    sys.exit(main(sys.argv[1]))
