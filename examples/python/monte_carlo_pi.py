"""Estimates pi with random points: monte_carlo_pi.py [PARTS [POINTS_OF_A_PART]]."""

import random
import sys

from pyspark.sql import SparkSession


def draw(seed: int, points: int) -> int:
    """How many of the points fall into the quarter of the circle."""
    numbers = random.Random(seed)
    return sum(numbers.random() ** 2 + numbers.random() ** 2 <= 1 for _ in range(points))


def main(parts: int = 4, points: int = 200_000) -> None:
    spark = SparkSession.builder.appName("Monte Carlo pi").getOrCreate()

    # The number of a part is its seed, so that the same arguments give the same answer.
    seeds = spark.sparkContext.parallelize(range(parts), parts)
    inside = seeds.map(lambda seed: draw(seed, points)).sum()

    print(f"{inside} of {parts * points} points")
    print(f"pi is roughly {4 * inside / (parts * points):.4f}")


if __name__ == "__main__":
    main(*(int(arg) for arg in sys.argv[1:]))
