package com.whereq.libra.driver.result;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PrefixSumsTest {
  @Test
  void sumsLikeALoop() {
    Random random = new Random(1);
    long[] plain = new long[100];
    PrefixSums sums = new PrefixSums(plain.length);
    for (int i = 0; i < 1000; i++) {
      int index = random.nextInt(plain.length);
      long amount = random.nextInt(1000) - 300;
      plain[index] += amount;
      sums.add(index, amount);
      int count = random.nextInt(plain.length + 1);
      long expected = 0;
      for (int j = 0; j < count; j++) {
        expected += plain[j];
      }
      assertEquals(expected, sums.sumOfFirst(count));
    }
  }
}
