package com.whereq.libra.driver.sql;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.apache.spark.sql.catalyst.parser.ParserInterface;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;

/**
 * Looks at the text of a statement before Spark replaces the variables in it, and at the parsed
 * plan before anything is resolved.
 */
final class GuardedParser {
  private GuardedParser() {}

  /** A proxy, because each Spark 4.x adds methods to the interface. */
  static ParserInterface around(PlanGuard guard, ParserInterface parser) {
    return (ParserInterface)
        Proxy.newProxyInstance(
            ParserInterface.class.getClassLoader(),
            new Class<?>[] {ParserInterface.class},
            (proxy, method, arguments) -> {
              if (arguments != null
                  && arguments.length > 0
                  && arguments[0] instanceof String text) {
                guard.checkText(text);
              }
              try {
                Object parsed = method.invoke(parser, arguments);
                if (parsed instanceof LogicalPlan plan) {
                  guard.checkUnresolved(plan);
                }
                return parsed;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
