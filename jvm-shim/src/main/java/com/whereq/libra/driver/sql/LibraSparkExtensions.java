package com.whereq.libra.driver.sql;

import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.rules.Rule;
import scala.Function1;
import scala.runtime.BoxedUnit;

/**
 * What Libra adds to every session of a driver, named by {@code spark.sql.extensions}: the guard
 * against SQL that breaks out of the server, and short ways for queries of a few rows.
 */
public final class LibraSparkExtensions implements Function1<SparkSessionExtensions, BoxedUnit> {
  @Override
  public BoxedUnit apply(SparkSessionExtensions extensions) {
    FunctionGuard.install();
    extensions.injectParser((session, parser) -> GuardedParser.around(guardOf(session), parser));
    // Before names are resolved: a path in place of a table is opened as soon as it is. What comes
    // by another way than the parser (views, IDENTIFIER, DataFrames) passes here; with a Hive
    // catalog Spark leaves these rules out, and the check rule below has to do.
    extensions.injectHintResolutionRule(session -> new BeforeResolution(guardOf(session)));
    // After it and before anything runs: whatever has become of the plan.
    extensions.injectCheckRule(
        session -> {
          PlanGuard guard = guardOf(session);
          return plan -> {
            guard.checkResolved(plan);
            return BoxedUnit.UNIT;
          };
        });
    extensions.injectOptimizerRule(session -> new OneRowAsLocal());
    extensions.injectOptimizerRule(session -> new SmallRange());
    return BoxedUnit.UNIT;
  }

  private static PlanGuard guardOf(SparkSession session) {
    return new PlanGuard(Guards.of(session.sparkContext().conf()), session);
  }

  private static final class BeforeResolution extends Rule<LogicalPlan> {
    private final PlanGuard guard;

    BeforeResolution(PlanGuard guard) {
      this.guard = guard;
    }

    @Override
    public LogicalPlan apply(LogicalPlan plan) {
      guard.checkUnresolved(plan);
      return plan;
    }
  }
}
