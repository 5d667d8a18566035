"""Stops Spark as a program of its own should, and still has something to do. On the shared driver
stop() does nothing, because others work there too."""

from pyspark.sql import SparkSession


def main() -> None:
    spark = SparkSession.builder.appName("stop and go on").getOrCreate()
    even = spark.range(1000).where("id % 2 = 0").count()
    spark.stop()

    print(f"Spark counted {even} even numbers")
    print("still here after spark.stop()")


if __name__ == "__main__":
    main()
