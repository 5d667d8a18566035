package com.whereq.libra.driver.result;

import java.io.IOException;

/** Takes the rows of one partition. */
interface PartitionTarget {
  /** Whether first rows are wanted for the inline text. */
  boolean wantsHead();

  void head(byte[] row);

  /** Takes the encoder's rows as a batch; false when later rows cannot be part of the result. */
  boolean batch(ArrowEncoder encoder) throws IOException;
}
