package com.whereq.libra.driver;

/** The end of a server whose driver is dead: its hooks may wait for what does not come. */
public final class Halt {
  private Halt() {}

  public static void halt(int code) {
    Runtime.getRuntime().halt(code);
  }
}
