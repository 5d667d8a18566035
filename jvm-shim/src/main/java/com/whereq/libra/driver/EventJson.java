package com.whereq.libra.driver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.type.TypeFactory;
import com.whereq.libra.driver.DriverProtocol.Event;
import java.util.List;

/** Batches of events as JSON arrays on one line. */
public final class EventJson {
  // Named: the element type is erased at run time, and without it Jackson leaves out `event`.
  private static final ObjectWriter WRITER =
      Json.MAPPER.writerFor(
          TypeFactory.defaultInstance().constructCollectionType(List.class, Event.class));

  private EventJson() {}

  static String text(List<Event> events) throws JsonProcessingException {
    return WRITER.writeValueAsString(events);
  }

  public static byte[] bytes(List<Event> events) throws JsonProcessingException {
    return WRITER.writeValueAsBytes(events);
  }
}
