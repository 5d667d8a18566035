"""Counts the words of a text file: word_count.py FILE."""

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def main(file: str) -> None:
    # On Libra this is the session of the job; under spark-submit it starts Spark.
    spark = SparkSession.builder.appName("word count").getOrCreate()

    words = spark.read.text(file).select(F.explode(F.split(F.lower("value"), r"\W+")).alias("word"))
    counts = (
        words.where("word <> ''").groupBy("word").count().orderBy(F.desc("count"), F.asc("word"))
    )

    for row in counts.collect():
        print(f"{row['word']}: {row['count']}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise ValueError("usage: word_count.py FILE")
    main(sys.argv[1])
