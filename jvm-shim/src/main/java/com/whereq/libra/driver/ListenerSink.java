package com.whereq.libra.driver;

import java.util.List;

/** Hands batches to a listener in the same process. */
final class ListenerSink implements EventSink {
  private final EventListener listener;

  ListenerSink(EventListener listener) {
    this.listener = listener;
  }

  @Override
  public void deliver(List<DriverProtocol.Event> events) throws Exception {
    listener.onEvents(EventJson.text(events));
  }
}
