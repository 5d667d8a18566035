package com.whereq.libra.driver;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Whether this driver is whole. A job may run out of memory and fail, and nobody else is hurt by
 * it. But Spark does not notice the end of the thread that schedules, nor that one of its threads
 * has thrown away a message for want of memory: jobs then wait for ever. So such a driver says that
 * it is dead when it is asked whether it lives.
 */
final class Vitals implements Thread.UncaughtExceptionHandler {
  /** Threads that live as long as their context, and that nobody replaces. */
  private static final Pattern LASTING =
      Pattern.compile(
          "dag-scheduler-event-loop|spark-listener-group-(shared|appStatus|executorManagement)"
              + "|Spark Context Cleaner|libra-(event-pump|intake|watch)");

  /** All on which jobs depend, those of pools included; code that jobs bring runs on others. */
  private static final Pattern VITAL =
      Pattern.compile(
          LASTING.pattern()
              + "|dispatcher-.*|rpc-.*|netty-.*|task-result-getter-.*|map-output-.*"
              + "|block-manager-.*|libra-(spark|requests|sessions|python|progress)");

  /** A context that ends by itself ends its threads as well, a moment before it says so. */
  private static final long BENEFIT_OF_DOUBT_NANOS = 3_000_000_000L;

  private static final double FULL = 0.98;
  private static final long FULL_NANOS = 15_000_000_000L;
  private static final int FULL_COLLECTIONS = 3;

  private final Thread.UncaughtExceptionHandler former;
  private volatile List<Thread> lasting = List.of();
  private volatile String exhausted;
  private long missingSince;
  private long fullSince;
  private long collections;
  private int fullCollections;

  private Vitals(Thread.UncaughtExceptionHandler former) {
    this.former = former;
  }

  static Vitals install() {
    Vitals vitals = new Vitals(Thread.getDefaultUncaughtExceptionHandler());
    Thread.setDefaultUncaughtExceptionHandler(vitals);
    return vitals;
  }

  /** From now on these are missed: with each new context. */
  synchronized void watchThreads() {
    Set<Thread> all = Thread.getAllStackTraces().keySet();
    lasting = all.stream().filter(t -> LASTING.matcher(t.getName()).matches()).toList();
    missingSince = 0;
  }

  @Override
  public void uncaughtException(Thread thread, Throwable error) {
    if (error instanceof OutOfMemoryError && VITAL.matcher(thread.getName()).matches()) {
      // No message is put together here: there is no memory.
      exhausted = thread.getName();
    }
    if (former != null) {
      former.uncaughtException(thread, error);
    } else if (!(error instanceof ThreadDeath)) {
      System.err.print("Exception in thread \"" + thread.getName() + "\" ");
      error.printStackTrace();
    }
  }

  /** Why this driver is dead although it answers, or null; asked every few seconds. */
  synchronized String fault(boolean contextLives) {
    if (exhausted != null) {
      return "the JVM ran out of memory in its thread " + exhausted;
    }
    String missing = contextLives ? missingThread() : null;
    return missing != null ? missing : fullHeap();
  }

  private String missingThread() {
    List<String> dead = new ArrayList<>();
    for (Thread thread : lasting) {
      if (!thread.isAlive()) {
        dead.add(thread.getName());
      }
    }
    long now = System.nanoTime();
    if (dead.isEmpty()) {
      missingSince = 0;
    } else if (missingSince == 0) {
      missingSince = now;
    } else if (now - missingSince > BENEFIT_OF_DOUBT_NANOS) {
      return "the thread " + dead.get(0) + " of its JVM has died";
    }
    return null;
  }

  /** Collection after collection finds next to nothing: whatever fills the heap does not go. */
  private String fullHeap() {
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    long left = 0;
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      MemoryUsage after = pool.getType() == MemoryType.HEAP ? pool.getCollectionUsage() : null;
      left += after == null ? 0 : after.getUsed();
    }
    long now = System.nanoTime();
    if (left < FULL * heap.getMax()) {
      fullSince = 0;
      fullCollections = 0;
      return null;
    }
    if (fullSince == 0) {
      fullSince = now;
    }
    // What was left by a collection of long ago says nothing of now.
    System.gc();
    long counted = collections();
    if (counted > collections) {
      fullCollections++;
    }
    collections = counted;
    return now - fullSince > FULL_NANOS && fullCollections >= FULL_COLLECTIONS
        ? "the heap of its JVM stays full (" + heap.getMax() / (1 << 20) + " MiB)"
        : null;
  }

  private static long collections() {
    long count = 0;
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      count += collector.getCollectionCount();
    }
    return count;
  }
}
