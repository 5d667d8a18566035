package com.whereq.libra.driver;

import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.type.TypeFactory;
import java.util.List;

/** Hands batches to a listener in the same process. */
final class ListenerSink implements EventSink {
  // Named: the element type is erased at run time, and without it Jackson leaves out `event`.
  private static final ObjectWriter WRITER =
      Json.MAPPER.writerFor(
          TypeFactory.defaultInstance()
              .constructCollectionType(List.class, DriverProtocol.Event.class));

  private final EventListener listener;

  ListenerSink(EventListener listener) {
    this.listener = listener;
  }

  @Override
  public void deliver(List<DriverProtocol.Event> events) throws Exception {
    listener.onEvents(WRITER.writeValueAsString(events));
  }
}
