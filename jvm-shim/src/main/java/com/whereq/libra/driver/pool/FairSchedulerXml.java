package com.whereq.libra.driver.pool;

import com.whereq.libra.driver.DriverProtocol;
import java.util.List;

/** The pools as Spark reads them. */
public final class FairSchedulerXml {
  private FairSchedulerXml() {}

  public static String of(List<DriverProtocol.Pool> pools) {
    StringBuilder xml = new StringBuilder("<?xml version=\"1.0\"?>\n<allocations>\n");
    for (DriverProtocol.Pool pool : pools) {
      xml.append("  <pool name=\"")
          .append(escape(pool.name()))
          .append("\">\n    <schedulingMode>")
          .append(escape(pool.schedulingMode()))
          .append("</schedulingMode>\n    <weight>")
          .append(weight(pool))
          .append("</weight>\n    <minShare>")
          .append(pool.minShare())
          .append("</minShare>\n  </pool>\n");
    }
    return xml.append("</allocations>\n").toString();
  }

  /**
   * Spark reads whole-number weights and silently turns 0.5 into 1: every weight is multiplied by
   * 100, which keeps the shares and honours two places.
   */
  static int weight(DriverProtocol.Pool pool) {
    return (int) Math.max(1, Math.round(pool.weight() * 100));
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }
}
