package com.whereq.libra.examples

import java.util.SplittableRandom

import org.apache.spark.sql.SparkSession

/** Estimates pi with random points: `ScalaMonteCarloPi [PARTS [POINTS_OF_A_PART]]`. */
object ScalaMonteCarloPi {

  def main(args: Array[String]): Unit = {
    val parts = args.headOption.fold(4)(_.toInt)
    val points = args.lift(1).fold(500000)(_.toInt)
    val spark = SparkSession.builder().appName("Monte Carlo pi").getOrCreate()

    // The number of a part is its seed, so that the same arguments give the same answer.
    val sample = spark.sparkContext
      .parallelize(0 until parts, parts)
      .map(seed => Sample.draw(seed, points))
      .reduce(_ + _)

    println(s"${sample.inside} of ${sample.drawn} points")
    println(f"pi is roughly ${4.0 * sample.inside / sample.drawn}%.4f")
  }
}

/** How many of the points fell into the quarter of the circle. */
final case class Sample(inside: Long, drawn: Long) {
  def +(other: Sample): Sample = Sample(inside + other.inside, drawn + other.drawn)
}

object Sample {

  def draw(seed: Int, points: Int): Sample = {
    val random = new SplittableRandom(seed)
    val inside = Iterator.continually(random).take(points).count { random =>
      val x = random.nextDouble()
      val y = random.nextDouble()
      x * x + y * y <= 1
    }
    Sample(inside, points)
  }
}
