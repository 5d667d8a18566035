package com.whereq.libra.driver.sql;

import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.analysis.FunctionRegistry;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.types.StringType;
import scala.Function1;
import scala.collection.immutable.Seq;

/**
 * Functions that reach out of Spark are refused where their name is looked up: before anything can
 * evaluate them, also where Spark evaluates during analysis (LIMIT, VALUES, IDENTIFIER, SET VAR…).
 */
final class FunctionGuard {
  private static final List<String> REFLECTION = List.of("reflect", "java_method", "try_reflect");

  /** Their third argument is a file that the driver opens by itself. */
  private static final List<String> PROTOBUF = List.of("from_protobuf", "to_protobuf");

  private static boolean installed;

  private FunctionGuard() {}

  /**
   * Wraps the functions in the registry that every session copies. Injected functions alone would
   * not do: default values of columns are resolved against this registry and no session's.
   */
  static synchronized void install() {
    if (installed) {
      return;
    }
    REFLECTION.forEach(name -> wrap(name, (same, arguments) -> refuseReflection(same)));
    PROTOBUF.forEach(name -> wrap(name, FunctionGuard::checkProtobuf));
    installed = true;
  }

  static void checkName(String name) {
    if (REFLECTION.contains(name.toLowerCase(Locale.ROOT))) {
      refuseReflection(name);
    }
  }

  static void refuseReflection(String name) {
    Guards.active()
        .policy()
        .require(SqlSwitch.REFLECTION, name + " calls Java inside the server: refused.");
  }

  private static void checkProtobuf(String name, Seq<Expression> arguments) {
    if (arguments.size() < 3 || Guards.active().policy().allows(SqlSwitch.LOCAL_PATHS)) {
      return;
    }
    Expression file = arguments.apply(2);
    if (file instanceof Literal literal && literal.dataType() instanceof StringType) {
      Guards.active().paths().check("file:" + literal.value(), PathGuard.Base.WORKING_DIRECTORY);
    } else if (file.foldable() && file.dataType() instanceof StringType) {
      throw new SqlRefusedException(
          name + " takes its descriptor file as a literal only.", SqlSwitch.LOCAL_PATHS);
    }
  }

  private interface Check {
    void accept(String name, Seq<Expression> arguments);
  }

  private static void wrap(String name, Check check) {
    FunctionRegistry registry = FunctionRegistry.builtin();
    FunctionIdentifier id = FunctionIdentifier.apply(name);
    if (!registry.functionExists(id)) {
      return;
    }
    Function1<Seq<Expression>, Expression> original = registry.lookupFunctionBuilder(id).get();
    Function1<Seq<Expression>, Expression> guarded =
        arguments -> {
          check.accept(name, arguments);
          return original.apply(arguments);
        };
    ExpressionInfo info = registry.lookupFunction(id).get();
    registry.dropFunction(id); // or Spark warns that it is replaced
    registry.registerFunction(id, info, guarded);
  }
}
