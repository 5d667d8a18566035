package com.whereq.libra.driver.sql;

import java.util.OptionalLong;
import org.apache.spark.sql.catalyst.expressions.ArrayRepeat;
import org.apache.spark.sql.catalyst.expressions.CallMethodViaReflection;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Generator;
import org.apache.spark.sql.catalyst.expressions.HigherOrderFunction;
import org.apache.spark.sql.catalyst.expressions.PlanExpression;
import org.apache.spark.sql.catalyst.expressions.Sequence;
import org.apache.spark.sql.catalyst.expressions.StringRepeat;
import org.apache.spark.sql.catalyst.expressions.StringSpace;
import org.apache.spark.sql.catalyst.expressions.UserDefinedExpression;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Deduplicate;
import org.apache.spark.sql.catalyst.plans.logical.Distinct;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.GlobalLimit;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LocalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LocalRelation;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Offset;
import org.apache.spark.sql.catalyst.plans.logical.OneRowRelation;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.Range;
import org.apache.spark.sql.catalyst.plans.logical.Sort;
import org.apache.spark.sql.catalyst.plans.logical.SubqueryAlias;
import org.apache.spark.sql.catalyst.plans.logical.Union;
import org.apache.spark.sql.catalyst.plans.logical.View;
import org.apache.spark.sql.catalyst.plans.logical.Window;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Tells the plans that can only ever touch a few rows. For those, what Spark does for large data
 * (code that is compiled for each query, many partitions) takes longer than the query itself. Where
 * it cannot be known from the plan alone, the answer is no: sizes that are guesses, such as those
 * of files, do not count.
 */
public final class LittleData {
  /** Some microseconds a row, interpreted, against the ten milliseconds that compiling takes. */
  public static final long MOST_ROWS = 1000;

  /**
   * Planning a statement of that many nodes takes its time whatever the data, and has to hear of a
   * cancel.
   */
  private static final int MOST_NODES = 500;

  private int nodes;

  private LittleData() {}

  public static boolean isAll(LogicalPlan plan) {
    OptionalLong rows = new LittleData().rows(plan);
    return rows.isPresent() && rows.getAsLong() <= MOST_ROWS;
  }

  /** How many rows may at most pass through any operator of the plan; empty where that is open. */
  private OptionalLong rows(LogicalPlan plan) {
    if (plan.isStreaming() || !isCheap(plan)) {
      return OptionalLong.empty();
    }
    if (plan instanceof OneRowRelation) {
      return OptionalLong.of(1);
    }
    if (plan instanceof LocalRelation local) {
      return OptionalLong.of(local.data().size());
    }
    if (plan instanceof Range range) {
      return range.numElements().isValidLong()
          ? OptionalLong.of(range.numElements().toLong())
          : OptionalLong.empty();
    }
    if (plan instanceof Join || plan instanceof Union || keepsRows(plan)) {
      return ofChildren(plan, plan instanceof Join);
    }
    return OptionalLong.empty();
  }

  private OptionalLong ofChildren(LogicalPlan plan, boolean product) {
    long all = product ? 1 : 0;
    for (LogicalPlan child : CollectionConverters.asJava(plan.children())) {
      OptionalLong rows = rows(child);
      if (rows.isEmpty() || rows.getAsLong() > MOST_ROWS) {
        return OptionalLong.empty();
      }
      all = product ? all * Math.max(1, rows.getAsLong()) : all + rows.getAsLong();
    }
    return OptionalLong.of(all);
  }

  /** At most as many rows as come in. */
  private static boolean keepsRows(LogicalPlan plan) {
    return plan instanceof Project
        || plan instanceof Filter
        || plan instanceof Aggregate
        || plan instanceof Sort
        || plan instanceof GlobalLimit
        || plan instanceof LocalLimit
        || plan instanceof Offset
        || plan instanceof Distinct
        || plan instanceof Deduplicate
        || plan instanceof Window
        || plan instanceof SubqueryAlias
        || plan instanceof View;
  }

  private boolean isCheap(LogicalPlan plan) {
    nodes++;
    for (Expression expression : CollectionConverters.asJava(plan.expressions())) {
      if (!isCheap(expression)) {
        return false;
      }
    }
    return nodes <= MOST_NODES;
  }

  /** One value of it takes little time whatever its arguments are. */
  private boolean isCheap(Expression expression) {
    if (++nodes > MOST_NODES
        || expression instanceof UserDefinedExpression
        || expression instanceof HigherOrderFunction
        || expression instanceof Generator
        || expression instanceof PlanExpression
        || expression instanceof CallMethodViaReflection
        || expression instanceof Sequence
        || expression instanceof ArrayRepeat
        || expression instanceof StringRepeat
        || expression instanceof StringSpace) {
      return false;
    }
    for (Expression child : CollectionConverters.asJava(expression.children())) {
      if (!isCheap(child)) {
        return false;
      }
    }
    return true;
  }
}
