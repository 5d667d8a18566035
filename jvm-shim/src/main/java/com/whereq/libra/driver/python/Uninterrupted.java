package com.whereq.libra.driver.python;

/**
 * Waits that an interrupt does not end: a cancelled job's thread has to see the end of its
 * processes, which the cancel brings about by other means.
 */
final class Uninterrupted {
  interface Wait<T> {
    T get() throws Exception;
  }

  private Uninterrupted() {}

  static <T> T get(Wait<T> wait) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return wait.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
