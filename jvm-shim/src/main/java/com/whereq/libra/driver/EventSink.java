package com.whereq.libra.driver;

import java.util.List;

/** Where events leave the host: a listener in the same process, or a socket. */
public interface EventSink {
  /** Takes a batch, oldest first; called from the pump's thread alone and may block it. */
  void deliver(List<DriverProtocol.Event> events) throws Exception;
}
