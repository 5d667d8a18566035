package com.whereq.libra.driver.child;

/**
 * Notices the end of the server when something else holds its side of the connection open: whoever
 * loses the parent gets another one.
 */
final class ParentWatch {
  private static final long LOOK_MILLIS = 1000;

  private ParentWatch() {}

  static void start(Runnable onParentGone) {
    long parent = parent();
    Thread watch =
        new Thread(
            () -> {
              while (parent() == parent) {
                try {
                  Thread.sleep(LOOK_MILLIS);
                } catch (InterruptedException e) {
                  return;
                }
              }
              onParentGone.run();
            },
            "libra-parent-watch");
    watch.setDaemon(true);
    watch.start();
  }

  private static long parent() {
    return ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L);
  }
}
