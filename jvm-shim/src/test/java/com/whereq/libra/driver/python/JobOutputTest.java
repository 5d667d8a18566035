package com.whereq.libra.driver.python;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.whereq.libra.driver.DriverProtocol.Event;
import com.whereq.libra.driver.DriverProtocol.Log;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JobOutputTest {
  private final List<Event> events = new ArrayList<>();

  private String log(String stream) {
    StringBuilder text = new StringBuilder();
    for (Event event : events) {
      if (event instanceof Log log && log.stream().equals(stream)) {
        text.append(log.text());
      }
    }
    return text.toString();
  }

  private static void write(JobOutput output, String stream, byte... bytes)
      throws InterruptedException {
    output.write(stream, ByteBuffer.wrap(bytes));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void putsCharactersTogetherThatComeInParts() throws InterruptedException {
    JobOutput output = new JobOutput("j", 1000, events::add);
    for (byte part : utf8("a€ü😀")) {
      write(output, "stdout", part);
    }
    assertEquals("a€ü😀", log("stdout"));
    assertEquals("a€ü😀", output.text());
    assertFalse(output.isTruncated());
  }

  @Test
  void keepsStreamsApartAndOnlyStdoutAsText() throws InterruptedException {
    JobOutput output = new JobOutput("j", 1000, events::add);
    write(output, "stderr", utf8("bad"));
    write(output, "stdout", utf8("good"));
    assertEquals("good", output.text());
    assertEquals("bad", log("stderr"));
  }

  @Test
  void replacesWhatIsNoText() throws InterruptedException {
    JobOutput output = new JobOutput("j", 1000, events::add);
    write(output, "stdout", (byte) 'a', (byte) 0xff, (byte) 'b');
    assertEquals("a\ufffdb", log("stdout"));
  }

  @Test
  void endsTheLogAtItsLimitAndSaysSoOnce() throws InterruptedException {
    JobOutput output = new JobOutput("j", 5, events::add);
    write(output, "stdout", utf8("abc"));
    write(output, "stdout", utf8("defg"));
    write(output, "stdout", utf8("hij"));
    assertEquals("abcde\n[the output ends here: 5 bytes are kept]\n", log("stdout"));
    assertEquals("abcdefghij", output.text());
  }

  @Test
  void cutsTheTextBetweenCharacters() throws InterruptedException {
    JobOutput output = new JobOutput("j", Long.MAX_VALUE, events::add);
    write(output, "stdout", utf8("a" + "ü".repeat(1 << 19)));
    assertTrue(output.isTruncated());
    assertEquals("a" + "ü".repeat((1 << 19) - 1), output.text());
  }
}
