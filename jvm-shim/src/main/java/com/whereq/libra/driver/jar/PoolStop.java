package com.whereq.libra.driver.jar;

import java.lang.reflect.Field;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.ThreadPoolExecutor;

/**
 * Ends idle threads of pools: they take an interrupt for a sign of their pool and wait on. Their
 * pool is found from the thread, because a program may make it in many ways.
 */
final class PoolStop {
  private PoolStop() {}

  static void shutDownPoolOf(JarLoader loader, Thread thread) {
    try {
      if (thread instanceof ForkJoinWorkerThread worker) {
        ForkJoinPool pool = worker.getPool();
        if (pool != null && pool != ForkJoinPool.commonPool() && isOf(loader, pool.getFactory())) {
          pool.shutdownNow();
        }
      } else if (thread.getClass().getName().equals("java.util.TimerThread")) {
        endTimer(thread);
      } else {
        ThreadPoolExecutor pool = poolOf(thread);
        if (pool != null && isOf(loader, pool.getThreadFactory())) {
          pool.shutdownNow();
        }
      }
    } catch (ReflectiveOperationException | RuntimeException e) {
      // Another Java keeps it elsewhere: the thread is told of as one that cannot be ended.
    }
  }

  /** Whether the thread is one of a pool that the program has made. */
  static boolean isPoolOf(JarLoader loader, Thread thread) {
    try {
      ThreadPoolExecutor pool = poolOf(thread);
      return pool != null && isOf(loader, pool.getThreadFactory());
    } catch (ReflectiveOperationException | RuntimeException e) {
      return false;
    }
  }

  /**
   * Spark and its libraries name the threads of their pools by factories of their own; a program
   * leaves that to Java, or brings a factory in its jar.
   */
  private static boolean isOf(JarLoader loader, Object factory) {
    String type = factory.getClass().getName();
    return factory.getClass().getClassLoader() == loader
        || type.equals("java.util.concurrent.Executors$DefaultThreadFactory")
        || type.startsWith("java.util.concurrent.ForkJoinPool$");
  }

  private static ThreadPoolExecutor poolOf(Thread thread) throws ReflectiveOperationException {
    Object task = taskOf(thread);
    boolean works =
        task != null
            && task.getClass().getName().equals("java.util.concurrent.ThreadPoolExecutor$Worker");
    return works && read(task, "this$0") instanceof ThreadPoolExecutor pool ? pool : null;
  }

  private static void endTimer(Thread thread) throws ReflectiveOperationException {
    Object queue = read(thread, "queue");
    synchronized (queue) {
      Field more = thread.getClass().getDeclaredField("newTasksMayBeScheduled");
      more.setAccessible(true);
      more.setBoolean(thread, false);
      var clear = queue.getClass().getDeclaredMethod("clear");
      clear.setAccessible(true);
      clear.invoke(queue);
      queue.notify();
    }
  }

  /** In Java 19 the task moved into a holder. */
  private static Object taskOf(Thread thread) throws ReflectiveOperationException {
    Set<String> fields =
        Set.of(
            java.util.Arrays.stream(Thread.class.getDeclaredFields())
                .map(Field::getName)
                .toArray(String[]::new));
    return fields.contains("target")
        ? readFrom(Thread.class, thread, "target")
        : read(readFrom(Thread.class, thread, "holder"), "task");
  }

  private static Object read(Object owner, String name) throws ReflectiveOperationException {
    return readFrom(owner.getClass(), owner, name);
  }

  private static Object readFrom(Class<?> type, Object owner, String name)
      throws ReflectiveOperationException {
    Field field = type.getDeclaredField(name);
    field.setAccessible(true);
    return field.get(owner);
  }
}
