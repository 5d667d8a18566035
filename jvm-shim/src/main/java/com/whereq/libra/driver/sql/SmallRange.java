package com.whereq.libra.driver.sql;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.GlobalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LocalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.Range;
import org.apache.spark.sql.catalyst.rules.Rule;
import scala.Option;
import scala.PartialFunction;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractPartialFunction;

/**
 * Some numbers are no work for a cluster. `range(100)` with nothing but filters, projections and
 * limits above it becomes a local relation, which Spark computes while it plans and collects
 * without a job. Where more is above it, it has one partition in place of one for each core, so
 * that nothing has to be exchanged. Only in plans of {@link LittleData}, and only where nobody has
 * said how many partitions there shall be, or could see them.
 */
final class SmallRange extends Rule<LogicalPlan> {
  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    if (!plan.exists(new IsOpenRange()) || !isDeterministic(plan) || !LittleData.isAll(plan)) {
      return plan;
    }
    return plan.transformUp(isChain(plan) ? new AsLocal() : new InOnePartition());
  }

  private static boolean isOpen(LogicalPlan plan) {
    return plan instanceof Range range && range.numSlices().isEmpty();
  }

  /** Of what is not, the values tell how many partitions there are. */
  private static boolean isDeterministic(LogicalPlan plan) {
    return plan.deterministic()
        && CollectionConverters.asJava(plan.children()).stream()
            .allMatch(SmallRange::isDeterministic);
  }

  private static boolean isChain(LogicalPlan plan) {
    return plan instanceof Range
        || ((plan instanceof Project
                || plan instanceof Filter
                || plan instanceof GlobalLimit
                || plan instanceof LocalLimit)
            && isChain(plan.children().head()));
  }

  private static final class IsOpenRange
      extends scala.runtime.AbstractFunction1<LogicalPlan, Object> {
    @Override
    public Object apply(LogicalPlan plan) {
      return isOpen(plan);
    }
  }

  private abstract static class OfOpenRange
      extends AbstractPartialFunction<LogicalPlan, LogicalPlan>
      implements PartialFunction<LogicalPlan, LogicalPlan> {
    private static final long serialVersionUID = 1L;

    @Override
    public boolean isDefinedAt(LogicalPlan plan) {
      return isOpen(plan);
    }
  }

  private static final class AsLocal extends OfOpenRange {
    private static final long serialVersionUID = 1L;

    @Override
    public LogicalPlan apply(LogicalPlan plan) {
      Range range = (Range) plan;
      List<InternalRow> rows = new ArrayList<>();
      long value = range.start();
      for (long left = range.numElements().toLong(); left > 0; left--, value += range.step()) {
        rows.add(new GenericInternalRow(new Object[] {value}));
      }
      return LocalRelations.of(range.output(), CollectionConverters.asScala(rows).toSeq());
    }
  }

  private static final class InOnePartition extends OfOpenRange {
    private static final long serialVersionUID = 1L;

    @Override
    public LogicalPlan apply(LogicalPlan plan) {
      Range range = (Range) plan;
      return new Range(
          range.start(), range.end(), range.step(), Option.apply(1), range.output(), false);
    }
  }
}
