package com.whereq.libra.driver;

/**
 * The other side of an in-process host. Called by the pump's one thread alone: node-java's proxy
 * blocks its caller until JavaScript has run.
 */
public interface EventListener {
  /** A JSON array of events, oldest first. */
  void onEvents(String jsonArray);
}
