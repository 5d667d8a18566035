package com.whereq.libra.driver.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.whereq.libra.driver.DriverProtocol.Parameter;
import com.whereq.libra.driver.error.ErrorTranslator;
import com.whereq.libra.driver.error.JobFailure;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Cast;
import org.apache.spark.sql.catalyst.expressions.EvalMode;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.Literal$;
import org.apache.spark.sql.catalyst.parser.CatalystSqlParser$;
import org.apache.spark.sql.classic.ExpressionUtils;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;
import scala.Option;

/**
 * Values for {@code :markers}. Spark binds literals only and refuses a cast among the arguments, so
 * a value with a type is cast here, in ANSI mode: what does not fit fails by name.
 */
final class SqlParameters {
  private SqlParameters() {}

  static Map<String, Object> bind(List<Parameter> parameters, String timeZone) {
    Map<String, Object> bound = new LinkedHashMap<>();
    for (Parameter parameter : parameters) {
      bound.put(parameter.name(), ExpressionUtils.column(literal(parameter, timeZone)));
    }
    return bound;
  }

  private static Expression literal(Parameter parameter, String timeZone) {
    if (parameter.type() == null) {
      return inferred(parameter);
    }
    DataType type = type(parameter);
    JsonNode value = parameter.value();
    if (value == null || value.isNull()) {
      return new Literal(null, type);
    }
    try {
      Cast cast = new Cast(text(value), type, Option.apply(timeZone), EvalMode.ANSI());
      if (!cast.checkInputDataTypes().isSuccess()) {
        throw refused(
            parameter, "a value of type " + type.sql() + " cannot be given as JSON", null);
      }
      return new Literal(cast.eval(InternalRow.empty()), type);
    } catch (JobFailure e) {
      throw e;
    } catch (RuntimeException e) {
      throw refused(parameter, ErrorTranslator.rootMessage(e), e);
    }
  }

  /** As text: a JSON number would lose digits on its way through a double. */
  private static Expression text(JsonNode value) {
    return string(value.isBigDecimal() ? value.decimalValue().toPlainString() : value.asText());
  }

  private static Expression inferred(Parameter parameter) {
    JsonNode value = parameter.value();
    if (value == null || value.isNull()) {
      return new Literal(null, DataTypes.NullType);
    }
    return switch (value.getNodeType()) {
      case BOOLEAN -> Literal.create(value.booleanValue(), DataTypes.BooleanType);
      case STRING -> string(value.textValue());
      case NUMBER -> number(parameter, value);
      default ->
          throw refused(parameter, "only text, numbers, booleans and null can be bound", null);
    };
  }

  private static Expression number(Parameter parameter, JsonNode value) {
    if (!value.isIntegralNumber()) {
      return Literal.create(value.doubleValue(), DataTypes.DoubleType);
    }
    if (value.canConvertToInt()) {
      return Literal.create(value.intValue(), DataTypes.IntegerType);
    }
    if (value.canConvertToLong()) {
      return Literal.create(value.longValue(), DataTypes.LongType);
    }
    try {
      return Literal$.MODULE$.apply(new BigDecimal(value.bigIntegerValue()));
    } catch (RuntimeException e) {
      throw refused(parameter, "the number has more than 38 digits", e);
    }
  }

  private static Expression string(String text) {
    return new Literal(UTF8String.fromString(text), DataTypes.StringType);
  }

  private static DataType type(Parameter parameter) {
    try {
      return CatalystSqlParser$.MODULE$.parseDataType(parameter.type());
    } catch (Exception e) {
      throw refused(parameter, "the type " + parameter.type() + " is not known", e);
    }
  }

  private static JobFailure refused(Parameter parameter, String reason, Throwable cause) {
    return new JobFailure(
        "SQL_ANALYSIS", "Parameter :" + parameter.name() + ": " + reason, null, false, null);
  }
}
