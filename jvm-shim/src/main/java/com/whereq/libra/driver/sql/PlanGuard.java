package com.whereq.libra.driver.sql;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.TableIdentifier;
import org.apache.spark.sql.catalyst.analysis.UnresolvedFunction;
import org.apache.spark.sql.catalyst.analysis.UnresolvedRelation;
import org.apache.spark.sql.catalyst.catalog.HiveTableRelation;
import org.apache.spark.sql.catalyst.expressions.CallMethodViaReflection;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.plans.logical.Command;
import org.apache.spark.sql.catalyst.plans.logical.InsertIntoDir;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.ParsedStatement;
import org.apache.spark.sql.catalyst.plans.logical.ScriptTransformation;
import org.apache.spark.sql.catalyst.plans.logical.UnresolvedDataSource;
import org.apache.spark.sql.execution.command.ExplainCommand;
import org.apache.spark.sql.execution.datasources.FileIndex;
import org.apache.spark.sql.execution.datasources.HadoopFsRelation;
import org.apache.spark.sql.execution.datasources.LogicalRelation;
import org.apache.spark.sql.execution.datasources.v2.DataSourceV2Relation;
import org.apache.spark.sql.execution.datasources.v2.FileTable;
import org.apache.spark.sql.sources.DataSourceRegister;
import scala.Option;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** Walks a plan once and refuses what leads out of Spark. */
final class PlanGuard {
  private static final Set<String> SOURCE_NAMES = ConcurrentHashMap.newKeySet();

  private final Guards guards;
  private final SparkSession session;
  private final CommandGuard commands;

  PlanGuard(Guards guards, SparkSession session) {
    this.guards = guards;
    this.session = session;
    this.commands = new CommandGuard(guards);
  }

  /** The text of a statement. */
  void checkText(String text) {
    VariableGuard.check(guards.policy(), text);
  }

  /** Before resolution. */
  void checkUnresolved(LogicalPlan plan) {
    if (plan instanceof UnresolvedRelation relation) {
      checkPathInPlaceOfTable(relation);
      checkOptions(relation.options());
    } else if (plan instanceof UnresolvedDataSource source) {
      checkDataSource(source);
    } else if (plan instanceof ExplainCommand explain) {
      // Spark would put the refusal into the text of an answer.
      checkUnresolved(explain.logicalPlan());
      checkFunctionNames(explain.logicalPlan());
    } else {
      checkNode(plan);
    }
    forEachPlan(plan, this::checkUnresolved);
  }

  /** After resolution: the last look before something runs. */
  void checkResolved(LogicalPlan plan) {
    checkNode(plan);
    checkRelation(plan);
    for (Expression expression : CollectionConverters.asJava(plan.expressions())) {
      checkExpression(expression);
    }
    forEachPlan(plan, this::checkResolved);
  }

  private void checkFunctionNames(LogicalPlan plan) {
    for (Expression expression : CollectionConverters.asJava(plan.expressions())) {
      checkFunctionNames(expression);
    }
    forEachPlan(plan, this::checkFunctionNames);
  }

  private void checkFunctionNames(Expression expression) {
    if (expression instanceof UnresolvedFunction function) {
      FunctionGuard.checkName(function.nameParts().last());
    }
    for (Expression child : CollectionConverters.asJava(expression.children())) {
      checkFunctionNames(child);
    }
  }

  /** Children, the plans that commands and CTEs keep inside, and subqueries of expressions. */
  private static void forEachPlan(LogicalPlan plan, Consumer<LogicalPlan> action) {
    for (Seq<?> plans : List.of(plan.children(), plan.innerChildren(), plan.subqueries())) {
      for (Object each : CollectionConverters.asJava(plans)) {
        if (each instanceof LogicalPlan inner) {
          action.accept(inner);
        }
      }
    }
  }

  private void checkNode(LogicalPlan node) {
    if (node instanceof ScriptTransformation) {
      guards.policy().require(SqlSwitch.TRANSFORM, "TRANSFORM runs a program: refused.");
    } else if (node instanceof Command
        || node instanceof ParsedStatement
        || node instanceof InsertIntoDir) {
      commands.check(node);
    }
  }

  private void checkExpression(Expression expression) {
    if (expression instanceof CallMethodViaReflection) {
      FunctionGuard.refuseReflection(expression.prettyName());
    }
    commands.checkFunctionOptions(expression);
    for (Expression child : CollectionConverters.asJava(expression.children())) {
      checkExpression(child);
    }
  }

  private void checkRelation(LogicalPlan node) {
    if (node instanceof LogicalRelation relation
        && relation.relation() instanceof HadoopFsRelation files) {
      checkOptions(CollectionConverters.asJava(files.options()));
      checkFiles(files.location(), relation.catalogTable().isDefined());
    } else if (node instanceof DataSourceV2Relation relation
        && relation.table() instanceof FileTable files) {
      checkFiles(files.fileIndex(), relation.catalog().isDefined());
    } else if (node instanceof HiveTableRelation relation) {
      Option<URI> location = relation.tableMeta().storage().locationUri();
      if (location.isDefined()) {
        guards.paths().check(new Path(location.get()), PathGuard.Base.DATABASE);
      }
    }
  }

  private void checkFiles(FileIndex index, boolean isTable) {
    if (guards.policy().allows(SqlSwitch.LOCAL_PATHS)) {
      return;
    }
    boolean local = false;
    for (Path root : CollectionConverters.asJava(index.rootPaths())) {
      guards.paths().check(root, PathGuard.Base.WORKING_DIRECTORY);
      local = local || "file".equals(root.toUri().getScheme());
    }
    // Links below an allowed folder: Spark has listed the files of a plain path already.
    if (local && !isTable) {
      for (String file : index.inputFiles()) {
        guards.paths().check(new Path(URI.create(file)), PathGuard.Base.WORKING_DIRECTORY);
      }
    }
  }

  private void checkDataSource(UnresolvedDataSource source) {
    guards.sources().checkProvider(source.format());
    for (String path : CollectionConverters.asJava(source.paths())) {
      guards.paths().check(path, PathGuard.Base.WORKING_DIRECTORY);
    }
    checkOptions(CollectionConverters.asJava(source.options()));
  }

  private void checkOptions(Map<String, String> options) {
    options.forEach(
        (key, value) -> guards.sources().checkOption(key, value, PathGuard.Base.WORKING_DIRECTORY));
  }

  /** text.`/etc/passwd`: a source and a path, unless a table has that name. */
  private void checkPathInPlaceOfTable(UnresolvedRelation relation) {
    Seq<String> name = relation.multipartIdentifier();
    if (name.size() != 2) {
      return;
    }
    String source = name.apply(0);
    boolean byClass = source.contains(".");
    if (!byClass && !sourceNames().contains(source.toLowerCase(Locale.ROOT))) {
      return;
    }
    String path = name.apply(1);
    if (isTable(source, path)) {
      return;
    }
    guards.sources().checkProvider(source);
    guards.paths().check(path, PathGuard.Base.WORKING_DIRECTORY);
  }

  private boolean isTable(String database, String table) {
    try {
      return ((org.apache.spark.sql.classic.SparkSession) session)
          .sessionState()
          .catalog()
          .tableExists(TableIdentifier.apply(table, Option.apply(database)));
    } catch (RuntimeException notAName) {
      return false;
    }
  }

  private static Set<String> sourceNames() {
    if (SOURCE_NAMES.isEmpty()) {
      for (DataSourceRegister source :
          ServiceLoader.load(
              DataSourceRegister.class, Thread.currentThread().getContextClassLoader())) {
        SOURCE_NAMES.add(source.shortName().toLowerCase(Locale.ROOT));
      }
    }
    return SOURCE_NAMES;
  }
}
