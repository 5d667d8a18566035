package com.whereq.libra.driver.job;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * What jobs leave open in this JVM is closed when it is collected; without a need nobody collects.
 */
final class Descriptors {
  private Descriptors() {}

  static void collectWhenShort() {
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
        && system.getOpenFileDescriptorCount() > system.getMaxFileDescriptorCount() / 2) {
      System.gc();
    }
  }
}
