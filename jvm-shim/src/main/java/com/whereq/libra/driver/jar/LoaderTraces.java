package com.whereq.libra.driver.jar;

/** What Spark keeps of classes that it has worked with, and has to forget with their loader. */
final class LoaderTraces {
  private LoaderTraces() {}

  static void remove(JarLoader loader) {}
}
