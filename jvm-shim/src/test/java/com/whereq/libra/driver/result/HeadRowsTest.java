package com.whereq.libra.driver.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class HeadRowsTest {
  private static List<byte[]> rows(String... texts) {
    return Stream.of(texts).map(t -> t.getBytes(StandardCharsets.UTF_8)).toList();
  }

  private static List<String> texts(List<byte[]> rows) {
    return rows.stream().map(row -> new String(row, StandardCharsets.UTF_8)).toList();
  }

  @Test
  void keepsThePartitionsOrderHoweverTheyEnd() {
    HeadRows head = new HeadRows(3);
    head.add(2, rows("e", "f"), 2);
    head.add(0, rows("a"), 1);
    assertFalse(head.isComplete());
    head.add(1, rows("b", "c"), 2);
    assertTrue(head.isComplete());
    assertEquals(List.of("a", "b", "c"), texts(head.first(100)));
    assertEquals(List.of("a", "b"), texts(head.first(2)));
  }

  @Test
  void stopsWhereAHeadWasCutForItsSize() {
    HeadRows head = new HeadRows(10);
    head.add(0, rows("a"), 5);
    head.add(1, rows("x"), 1);
    assertEquals(List.of("a"), texts(head.first(100)));
  }

  @Test
  void stopsBeforeAPartitionThatIsMissing() {
    HeadRows head = new HeadRows(10);
    head.add(0, rows("a"), 1);
    head.add(2, rows("c"), 1);
    // A result that was cut after the first partition counts one row.
    assertEquals(List.of("a"), texts(head.first(1)));
  }
}
