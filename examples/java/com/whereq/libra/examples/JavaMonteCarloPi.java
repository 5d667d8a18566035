package com.whereq.libra.examples;

import java.io.Serializable;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Estimates pi with random points: {@code JavaMonteCarloPi [PARTS [POINTS_OF_A_PART]]}. */
public final class JavaMonteCarloPi {

  private JavaMonteCarloPi() {}

  public static void main(String[] args) {
    int parts = args.length > 0 ? Integer.parseInt(args[0]) : 4;
    int points = args.length > 1 ? Integer.parseInt(args[1]) : 500_000;
    SparkSession spark = SparkSession.builder().appName("Monte Carlo pi").getOrCreate();
    // It shares the context of the session: closing it would stop Spark.
    JavaSparkContext sc = JavaSparkContext.fromSparkContext(spark.sparkContext());

    // The number of a part is its seed, so that the same arguments give the same answer.
    List<Integer> seeds = IntStream.range(0, parts).boxed().toList();
    Sample sample =
        sc.parallelize(seeds, parts).map(seed -> Sample.draw(seed, points)).reduce(Sample::plus);

    System.out.printf("%d of %d points%n", sample.inside, sample.drawn);
    System.out.printf("pi is roughly %.4f%n", 4.0 * sample.inside / sample.drawn);
  }

  /** How many of the points fell into the quarter of the circle. */
  static final class Sample implements Serializable {
    private static final long serialVersionUID = 1L;

    final long inside;
    final long drawn;

    Sample(long inside, long drawn) {
      this.inside = inside;
      this.drawn = drawn;
    }

    static Sample draw(int seed, int points) {
      SplittableRandom random = new SplittableRandom(seed);
      long inside = 0;
      for (int i = 0; i < points; i++) {
        double x = random.nextDouble();
        double y = random.nextDouble();
        if (x * x + y * y <= 1) {
          inside++;
        }
      }
      return new Sample(inside, points);
    }

    Sample plus(Sample other) {
      return new Sample(inside + other.inside, drawn + other.drawn);
    }
  }
}
