package com.whereq.libra.driver.result;

/** Sums of the first n of many counters that change all the time (a Fenwick tree). */
final class PrefixSums {
  private final long[] tree;

  PrefixSums(int size) {
    tree = new long[size + 1];
  }

  void add(int index, long amount) {
    for (int i = index + 1; i < tree.length; i += i & -i) {
      tree[i] += amount;
    }
  }

  /** Of the counters 0 to {@code count - 1}. */
  long sumOfFirst(int count) {
    long sum = 0;
    for (int i = count; i > 0; i -= i & -i) {
      sum += tree[i];
    }
    return sum;
  }
}
