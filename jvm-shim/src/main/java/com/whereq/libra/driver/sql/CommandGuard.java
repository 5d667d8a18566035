package com.whereq.libra.driver.sql;

import java.net.URI;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.catalyst.catalog.CatalogTable;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.plans.logical.CreateFunction;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.execution.command.AddArchivesCommand;
import org.apache.spark.sql.execution.command.AddFilesCommand;
import org.apache.spark.sql.execution.command.AddJarsCommand;
import org.apache.spark.sql.execution.command.CreateFunctionCommand;
import org.apache.spark.sql.execution.command.SetCommand;
import scala.Option;
import scala.Product;
import scala.Tuple2;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Looks into a command. Commands differ between versions of Spark, but they are case classes whose
 * fields keep their names, so a location is found by the name of its field and not command by
 * command: one that a later Spark adds is covered as well.
 */
final class CommandGuard {
  private static final Set<String> PATH_FIELDS =
      Set.of("path", "location", "locationUri", "outputPath", "partitionSpecsAndLocs");
  private static final Set<String> OPTION_FIELDS =
      Set.of(
          "options", "properties", "props", "writeOptions", "serdeProperties", "optionExpression");
  private static final Set<String> FORMAT_FIELDS =
      Set.of("serde", "inputFormat", "outputFormat", "input", "output");

  /** Parts of commands that hold such fields. */
  private static final Set<String> PARTS =
      Set.of(
          "UnresolvedTableSpec",
          "TableSpec",
          "SerdeInfo",
          "FormatClasses",
          "OptionList",
          "UnresolvedPartitionSpec",
          "ResolvedPartitionSpec",
          "CatalogStorageFormat",
          "CatalogTable");

  private final Guards guards;

  CommandGuard(Guards guards) {
    this.guards = guards;
  }

  void check(LogicalPlan command) {
    if (command instanceof SetCommand set) {
      checkSet(set);
    } else if (command instanceof AddJarsCommand
        || command instanceof AddFilesCommand
        || command instanceof AddArchivesCommand) {
      guards.policy().require(SqlSwitch.ADD_RESOURCES, "ADD brings code or files: refused.");
    } else if (command instanceof CreateFunction || command instanceof CreateFunctionCommand) {
      guards.policy().require(SqlSwitch.ADD_RESOURCES, "A function from a Java class is refused.");
    } else {
      checkFields(command, baseOf(command));
    }
  }

  /** Some functions take the same options as the data source of their format. */
  void checkFunctionOptions(Expression expression) {
    for (int i = 0; i < expression.productArity(); i++) {
      if (expression.productElement(i) instanceof scala.collection.Map<?, ?> map
          && expression.productElementName(i).equals("options")) {
        checkOptions(CollectionConverters.asJava(map), PathGuard.Base.WORKING_DIRECTORY);
      }
    }
  }

  private void checkSet(SetCommand set) {
    if (set.kv().isDefined()) {
      Tuple2<String, Option<String>> entry = set.kv().get();
      if (entry._2().isDefined()) {
        guards.settings().check(entry._1(), entry._2().get());
      }
    }
  }

  private void checkFields(Product product, PathGuard.Base base) {
    for (int i = 0; i < product.productArity(); i++) {
      checkField(product.productElementName(i), product.productElement(i), base);
    }
  }

  private void checkField(String name, Object value, PathGuard.Base base) {
    if (value instanceof Option<?> option) {
      if (option.isDefined()) {
        checkField(name, option.get(), base);
      }
    } else if (value instanceof String text) {
      checkText(name, text, base);
    } else if (value instanceof URI uri && PATH_FIELDS.contains(name)) {
      guards.paths().check(new Path(uri), base);
    } else if (value instanceof Path path && PATH_FIELDS.contains(name)) {
      guards.paths().check(path, base);
    } else if (value instanceof scala.collection.Map<?, ?> map) {
      if (OPTION_FIELDS.contains(name)) {
        checkOptions(CollectionConverters.asJava(map), base);
      }
    } else if (value instanceof scala.collection.Seq<?> list) {
      for (Object each : CollectionConverters.asJava(list)) {
        checkField(name, each, base);
      }
    } else if (value instanceof Tuple2<?, ?> pair) {
      checkPair(name, pair, base);
    } else if (value instanceof Product part && isPart(part)) {
      checkFields(part, part instanceof CatalogTable ? PathGuard.Base.DATABASE : base);
    }
  }

  private void checkText(String name, String text, PathGuard.Base base) {
    if (PATH_FIELDS.contains(name)) {
      guards.paths().check(text, base);
    } else if (FORMAT_FIELDS.contains(name)) {
      guards.sources().checkFormatClass(text);
    } else if (name.equals("provider")) {
      guards.sources().checkProvider(text);
    }
  }

  /** An option with its value as an expression, or a partition with its location. */
  private void checkPair(String name, Tuple2<?, ?> pair, PathGuard.Base base) {
    if (OPTION_FIELDS.contains(name) && pair._2() instanceof Literal literal) {
      guards.sources().checkOption(pair._1().toString(), String.valueOf(literal.value()), base);
    } else if (PATH_FIELDS.contains(name)) {
      checkField(name, pair._2(), base);
    }
  }

  private void checkOptions(Map<?, ?> options, PathGuard.Base base) {
    options.forEach(
        (key, value) -> {
          if (value instanceof String text) {
            guards.sources().checkOption(key.toString(), text, base);
          }
        });
  }

  private static boolean isPart(Product part) {
    return PARTS.contains(part.getClass().getSimpleName());
  }

  /** Where a table or a database is made, a relative location is one inside the warehouse. */
  private static PathGuard.Base baseOf(Product command) {
    String name = command.getClass().getSimpleName();
    boolean makes =
        (name.startsWith("Create") || name.startsWith("Replace")) && !name.contains("View");
    return makes ? PathGuard.Base.DATABASE : PathGuard.Base.WORKING_DIRECTORY;
  }
}
