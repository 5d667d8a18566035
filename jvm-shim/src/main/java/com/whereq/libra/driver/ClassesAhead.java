package com.whereq.libra.driver;

import org.codehaus.janino.SimpleCompiler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads on a second core what the first session and the first statement would wait for, while the
 * context is being made: Scala's reflection, which a session needs for the functions that come with
 * Spark's machine learning, and the compiler of queries. Nothing of Spark itself, whose classes
 * refer to each other in circles: two threads that initialize them can wait for each other for
 * ever.
 */
final class ClassesAhead {
  private static final Logger LOG = LoggerFactory.getLogger(ClassesAhead.class);

  private ClassesAhead() {}

  static void load() {
    Thread thread = new Thread(ClassesAhead::run, "libra-classes");
    thread.setDaemon(true);
    thread.setContextClassLoader(ClassesAhead.class.getClassLoader());
    thread.start();
  }

  private static void run() {
    try {
      scala.reflect.runtime.package$.MODULE$.universe();
      new SimpleCompiler().cook("public class Ahead { int twice(int a) { return 2 * a; } }");
    } catch (Exception | LinkageError e) {
      LOG.debug("Some classes were not loaded ahead", e);
    }
  }
}
