package com.whereq.libra.driver.sql;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionWithRandomSeed;
import org.apache.spark.sql.catalyst.expressions.InterpretedMutableProjection;
import org.apache.spark.sql.catalyst.expressions.MonotonicallyIncreasingID;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.Nondeterministic;
import org.apache.spark.sql.catalyst.expressions.SparkPartitionID;
import org.apache.spark.sql.catalyst.expressions.Unevaluable;
import org.apache.spark.sql.catalyst.expressions.UserDefinedExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.OneRowRelation;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.rules.Rule;
import scala.PartialFunction;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractPartialFunction;

/**
 * `SELECT 1` becomes a local relation, which is collected without a Spark job: 5 ms in place of 25.
 * What cannot be computed here (subqueries, Python, generators, an error) is left as it was, so
 * that it is computed, or fails, where Spark would have done it.
 */
final class OneRowAsLocal extends Rule<LogicalPlan> {
  private static final PartialFunction<LogicalPlan, LogicalPlan> REWRITE = new Rewrite();

  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    return plan.transformUp(REWRITE);
  }

  private static final class Rewrite extends AbstractPartialFunction<LogicalPlan, LogicalPlan> {
    private static final long serialVersionUID = 1L;

    @Override
    public boolean isDefinedAt(LogicalPlan plan) {
      return plan instanceof Project project && project.child() instanceof OneRowRelation;
    }

    @Override
    public LogicalPlan apply(LogicalPlan plan) {
      Project project = (Project) plan;
      return isComputable(widen(project.projectList())) ? compute(project) : project;
    }
  }

  private static LogicalPlan compute(Project project) {
    try {
      Seq<Expression> expressions = widen(project.projectList());
      InterpretedMutableProjection projection =
          new InterpretedMutableProjection(expressions, emptySeq());
      projection.initialize(0); // the one partition that the row would have had
      InternalRow row = projection.apply(InternalRow.empty()).copy();
      return LocalRelations.of(
          project.output(), CollectionConverters.asScala(java.util.List.of(row)).toSeq());
    } catch (RuntimeException e) {
      return project;
    }
  }

  private static boolean isComputable(Seq<Expression> expressions) {
    for (Expression expression : CollectionConverters.asJava(expressions)) {
      if (!isComputable(expression)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isComputable(Expression expression) {
    if (expression instanceof Unevaluable || expression instanceof UserDefinedExpression) {
      return false;
    }
    if (expression instanceof Nondeterministic
        && !(expression instanceof ExpressionWithRandomSeed
            || expression instanceof MonotonicallyIncreasingID
            || expression instanceof SparkPartitionID)) {
      return false;
    }
    return isComputable(expression.children());
  }

  @SuppressWarnings("unchecked")
  private static Seq<Expression> widen(Seq<NamedExpression> named) {
    return (Seq<Expression>) (Seq<?>) named;
  }

  private static Seq<Attribute> emptySeq() {
    return CollectionConverters.asScala(java.util.List.<Attribute>of()).toSeq();
  }
}
