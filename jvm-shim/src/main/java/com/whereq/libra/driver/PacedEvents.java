package com.whereq.libra.driver;

import com.whereq.libra.driver.DriverProtocol.Event;
import java.util.function.Consumer;

/** Where events go, for those who can wait: a program's output must not fill the memory. */
public interface PacedEvents extends Consumer<Event> {
  /** Returns when little enough waits for the other side, or it is not read any more. */
  void awaitRoom() throws InterruptedException;
}
