"""Makes test/support/result-fixtures.json: what the real Spark stores and prints for every type.

    JAVA_HOME=… .spark/venv/bin/python test/support/make-result-fixtures.py
    npx biome check --write test/support/result-fixtures.json

For each case: Spark's schema, the Arrow schema message, the record batch messages of each
partition (base64), and each cell as Spark's cast to string prints it. Nothing but pyspark is
needed; unit tests read the file alone. Run again when the Spark version changes.
"""

import base64
import json
import os
import sys

from pyspark.sql import SparkSession

HERE = os.path.dirname(os.path.abspath(__file__))


def values(*expressions):
    """One column, a row for each expression."""
    return f"SELECT * FROM VALUES {', '.join(f'({e})' for e in expressions)} AS t(v)"


def row(*expressions):
    """One row, a column for each expression."""
    return "SELECT " + ", ".join(f"{e} AS c{i}" for i, e in enumerate(expressions))


ZONES = [
    "timestamp_micros(-99999999999999999)",
    "timestamp_micros(999999999999999999)",
    "timestamp_seconds(-5000000000)",
    "timestamp_seconds(-2208988801)",
    "timestamp_seconds(0)",
    "timestamp_micros(-1)",
    "timestamp_micros(1706702400123450)",
    "timestamp_seconds(1711846799)",
    "timestamp_seconds(1711846800)",
    "timestamp_seconds(1729990799)",
    "timestamp_seconds(1729990800)",
]

VARIANTS = [
    "parse_json('1')",
    "parse_json('-129')",
    "parse_json('32768')",
    "parse_json('9007199254740993')",
    "parse_json('-9223372036854775808')",
    "parse_json('12345678901234567890123')",
    "parse_json('1.10')",
    "parse_json('0.00')",
    "parse_json('-0.001')",
    "parse_json('12345678901.5')",
    "parse_json('123456789012345678901234567890.12345678')",
    "parse_json('1e100')",
    "parse_json('true')",
    "parse_json('false')",
    "parse_json('null')",
    "parse_json('\"a\\\\\"b\"')",
    "parse_json('\"\"')",
    "parse_json('\"\\\\u001f \\\\\\\\u00ab\"')",
    "parse_json('[\"\\\\u001f \\\\\\\\u00ab\"]')",
    "parse_json(concat('\"', repeat('long ', 30), '\"'))",
    "parse_json('[]')",
    "parse_json('{}')",
    """parse_json('{"b":1,"a":[1,2.50,"x",null,true,{"z":"é😀\\\\n\\\\u0001/<\\\\u007f"}]}')""",
    "CAST(array_repeat('item', 300) AS VARIANT)",
    "to_variant_object(named_struct('b', 1, 'a', date'2024-01-31', 'k\"', 2.50BD))",
    "CAST(date'-0044-03-15' AS VARIANT)",
    "CAST(timestamp'2024-01-31 01:02:03.450' AS VARIANT)",
    "CAST(timestamp_ntz'2024-01-31 01:02:03.450' AS VARIANT)",
    "CAST(X'4142FF' AS VARIANT)",
    "CAST(CAST(0.1 AS FLOAT) AS VARIANT)",
    "CAST(1e20D AS VARIANT)",
    "CAST(double('NaN') AS VARIANT)",
    "CAST(CAST(100 AS DECIMAL(38,0)) AS VARIANT)",
    "CAST(array(timestamp'2024-01-31 01:02:03.450', timestamp_seconds(-5000000000), NULL) AS VARIANT)",
    "CAST(array(timestamp_ntz'2024-01-31 01:02:03.450') AS VARIANT)",
    "CAST(array(date'2024-01-31', date'10000-01-01') AS VARIANT)",
    "CAST(array(X'4142FF', X'') AS VARIANT)",
    "CAST(array(CAST(0.1 AS FLOAT), float('Infinity'), float('-Infinity'), float('NaN')) AS VARIANT)",
    "CAST(array(1e20D, -0.0D, double('NaN'), 1e-5D) AS VARIANT)",
    "CAST(array(100.00BD, 1e-3BD) AS VARIANT)",
    "CAST(NULL AS VARIANT)",
]

# Name, time zone, SQL; and where the text shows binary inside another type, SQL of what it shows.
CASES = [
    ("integers", "UTC", row("true", "false", "tinyint(-128)", "smallint(32767)", "-2147483648", "9223372036854775807L", "CAST(NULL AS BIGINT)", "NULL")),
    ("doubles", "UTC", values("1.0D", "0.0D", "-0.0D", "1e7D", "9999999.0D", "1e-3D", "9.99e-4D", "123456.789D", "1e10D", "1e21D", "1.7976931348623157e308D", "2.2250738585072014e-308D", "4.9e-324D", "double('NaN')", "double('Infinity')", "double('-Infinity')", "CAST(NULL AS DOUBLE)", "100D", "-1234567.5D", "0.1D", "1D/3", "1e15D/7")),
    ("floats", "UTC", values(*[f"CAST({x} AS FLOAT)" for x in ("0.1", "-0.0D", "16777216", "1e10D", "3.4028235e38D", "1.4e-45D", "'NaN'", "'-Infinity'", "NULL", "1e-3D", "0.33333334D", "1234567.9D", "12345678.9D")])),
    # Since Java 19 these print their shortest digits; before, some carry a digit too many.
    ("doubles-by-java", "UTC", values("2e23D", "5.684341886080802E-14D", "2.0E-44D", "1.0E23D", "9.5367431640625E-7D", "9007199254740993D", "18014398509481985D", "1.2345678901234567E18D", "CAST(4.4E-38D AS DOUBLE)")),
    ("decimals", "UTC", row("CAST(1.10 AS DECIMAL(38,18))", "CAST(0 AS DECIMAL(38,38))", "CAST(-1e-20 AS DECIMAL(38,30))", "CAST('-99999999999999999999999999999999999999' AS DECIMAL(38,0))", "CAST(1 AS DECIMAL(1,0))", "CAST(-0.5 AS DECIMAL(5,2))", "CAST(NULL AS DECIMAL(5,2))", "CAST('99999999999999999999.999999999999999999' AS DECIMAL(38,18))")),
    ("strings", "UTC", values("'plain'", "''", "NULL", "'a\\nb,\"c\"'", "'😀 é 漢'", "'tab\\tcr\\r'", "'nul\\u0000 bs\\b ff\\f del\\u007f ls\\u2028'", "'back\\\\slash / <'")),
    ("char", "UTC", "SELECT CAST('x' AS CHAR(3)) AS c, CAST('y' AS VARCHAR(3)) AS v, 'Z' COLLATE UTF8_LCASE AS l"),
    ("binary", "UTC", values("X'DEADBEEF'", "X''", "NULL", "X'00'")),
    ("nested-binary", "UTC", row("array(X'4142', NULL, X'')", "named_struct('a', X'C3A9')", "map(X'41', X'42')"), row("array('4142', NULL, '')", "named_struct('a', 'C3A9')", "map('41', '42')")),
    ("dates", "UTC", values("date'2024-01-31'", "date'0001-01-01'", "date'0000-02-29'", "date'-0044-03-15'", "date'10000-01-01'", "date'1582-10-10'", "date'1969-12-31'", "NULL", "date'-290000-01-01'", "date'294247-01-10'")),
    ("timestamps-ntz", "UTC", values("timestamp_ntz'2024-01-31 12:00:00.5'", "timestamp_ntz'1969-12-31 23:59:59.999999'", "timestamp_ntz'-0001-01-01 00:00:00.000001'", "timestamp_ntz'10000-01-01 00:00:00'", "NULL")),
    ("month-intervals", "UTC", row("interval '1-2' year to month", "interval '-1-2' year to month", "interval '-0-3' year to month", "interval '5' year", "interval '-5' year", "interval '13' month", "interval '-1' month", "CAST(NULL AS INTERVAL YEAR TO MONTH)", "make_ym_interval(-178956970, -8)", "array(interval '1' year, NULL)")),
    ("time-intervals", "UTC", row("interval '1 02:03:04.5' day to second", "interval '-1 02:03:04.5' day to second", "interval '1' day", "interval '-1' day", "interval '25' hour", "interval '-1' hour", "interval '26:03' hour to minute", "interval '26:03:04.123456' hour to second", "interval '3:04' minute to second", "interval '123:04.5' minute to second", "interval '65' minute", "interval '5' minute", "interval '65.001' second", "interval '-0.5' second", "interval '0' second", "interval '1 02' day to hour", "interval '-1 02:03' day to minute", "make_dt_interval(-106751991, -4, 0, -54.775808)", "CAST(NULL AS INTERVAL DAY TO SECOND)", "array(interval '7' hour, NULL)")),
    ("calendar-intervals", "UTC", values("make_interval(1,2,3,4,5,6,7.008)", "make_interval(0,0,0,0,0,0,0)", "make_interval(-1,-2,-3,-4,-5,-6,-7.008)", "make_interval(0,0,0,0,0,0,0.5)", "make_interval(0,0,0,0,0,0,-0.5)", "make_interval(0,1,0,1,0,1,-0.5)", "make_interval(0,0,0,0,100,61,61)", "make_interval(0,0,0,0,0,0,0.000001)", "NULL")),
    ("collections", "UTC", row("array(1, NULL, 2)", "array('a', 'b, c', NULL)", "map('k', 1, 'k2', NULL)", "map(1, array(1.5D, NULL))", "named_struct('a', 1, 'b', NULL, 'c', 'x')", "array(named_struct('x', date'2024-01-01', 'y', timestamp'2024-01-01 00:00:00', 'z', interval '1' day))", "array()", "map()", "array(NULL)", "CAST(NULL AS ARRAY<INT>)", "CAST(NULL AS STRUCT<a: INT>)", "CAST(NULL AS MAP<STRING, INT>)", "named_struct('a', named_struct('b', map('k', array(1Y, NULL))))", "array(CAST(1.10 AS DECIMAL(10,3)))", "array(double('NaN'), -0.0D)", "array(true, false, NULL)", "array(CAST(NULL AS STRUCT<a: INT>), named_struct('a', 1))", "array(array(1), NULL, array())")),
    ("duplicates", "UTC", "SELECT 1 AS a, 'x' AS a, named_struct('f', 1, 'f', 'two', 'g', NULL) AS a, 3 AS b"),
    ("variants", "Europe/Berlin", values(*VARIANTS)),
    ("nested-variants", "Europe/Berlin", row("array(parse_json('\"q\"'), parse_json('1.0'), NULL, parse_json('null'))", "named_struct('v', CAST(timestamp'2024-01-31 01:02:03.450' AS VARIANT))", "map('k', parse_json('{\"a\":1}'))", "array(CAST(X'4142FF' AS VARIANT))")),
    ("no-rows", "UTC", "SELECT id, 'x' AS s FROM range(0)"),
    ("no-columns", "UTC", "CREATE TEMPORARY VIEW nothing AS SELECT 1"),
    ("many-chunks", "UTC", "SELECT id, CASE WHEN id % 3 = 0 THEN NULL ELSE 'row ' || id END AS s, id % 2 = 0 AS even, IF(id % 5 = 0, NULL, array(id, NULL)) AS l, IF(id % 4 = 0, NULL, named_struct('m', map(id, 'v'), 'e', id % 3 = 1)) AS st, CAST(id AS DECIMAL(20,2)) AS d FROM range(0, 50, 1, 3)"),
] + [
    (f"timestamps-{zone}", zone, values(*ZONES))
    for zone in ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Monrovia", "+05:30", "GMT-8", "UTC+1", "PST", "EST")
]


def text_of(spark, frame):
    """Every cell as Spark's cast prints it; a binary column as hex, as the contract has it."""
    names = [f"`_{i}`" for i in range(len(frame.columns))]
    plain = frame.toDF(*[n.strip("`") for n in names])
    cells = [
        f"hex({n})" if f.dataType.typeName() == "binary" else f"CAST({n} AS STRING)"
        for n, f in zip(names, plain.schema.fields)
    ]
    rows = plain.selectExpr(*cells).collect() if names else frame.collect()
    return [[cell for cell in r] for r in rows]


def arrow_names(schema):
    """The same schema with names that Arrow accepts."""
    from pyspark.sql.types import ArrayType, MapType, StructField, StructType

    def unique(names):
        taken = set()
        for name in names:
            candidate, n = name, 0
            while candidate in taken or (n > 0 and candidate in names):
                n += 1
                candidate = f"{name}_{n}"
            taken.add(candidate)
            yield candidate

    def of(kind):
        if isinstance(kind, StructType):
            fields = zip(unique([f.name for f in kind.fields]), kind.fields)
            return StructType([StructField(n, of(f.dataType), f.nullable) for n, f in fields])
        if isinstance(kind, ArrayType):
            return ArrayType(of(kind.elementType), kind.containsNull)
        if isinstance(kind, MapType):
            return MapType(of(kind.keyType), of(kind.valueType), kind.valueContainsNull)
        return kind

    return of(schema)


def schema_message(spark, jschema, zone):
    jvm = spark._jvm
    arrow = getattr(jvm.org.apache.spark.sql.util, "ArrowUtils$").__getattr__("MODULE$")
    out = jvm.java.io.ByteArrayOutputStream()
    channel = jvm.org.apache.arrow.vector.ipc.WriteChannel(jvm.java.nio.channels.Channels.newChannel(out))
    schema = arrow.toArrowSchema(jschema, zone, True, False)
    jvm.org.apache.arrow.vector.ipc.message.MessageSerializer.serialize(channel, schema)
    return bytes(out.toByteArray())


def batches_of(spark, frame, names):
    """One list of messages for each partition that has rows."""
    jvm = spark._jvm
    renamed = spark._jsparkSession.internalCreateDataFrame(
        frame._jdf.queryExecution().toRdd(), jvm.org.apache.spark.sql.types.DataType.fromJson(names.json()), False
    )
    parts = [[bytes(b) for b in part] for part in renamed.toArrowBatchRdd().toJavaRDD().glom().collect()]
    return renamed.schema(), [part for part in parts if part]


def row_count(batch):
    """Length of the record batch, from the flatbuffer of its message."""
    u32 = lambda at: int.from_bytes(batch[at : at + 4], "little")
    i32 = lambda at: int.from_bytes(batch[at : at + 4], "little", signed=True)
    slot = lambda table, n: int.from_bytes(batch[table - i32(table) + 4 + 2 * n :][:2], "little")
    message = 8 + u32(8)
    header = message + slot(message, 2)
    header += u32(header)
    at = slot(header, 0)
    return int.from_bytes(batch[header + at :][:8], "little") if at else 0


def fixture(spark, name, zone, sql, shown=None):
    spark.conf.set("spark.sql.session.timeZone", zone)
    frame = spark.sql(sql)
    jschema, parts = batches_of(spark, frame, arrow_names(frame.schema)) if frame.columns else (frame._jdf.schema(), [])
    return {
        "name": name,
        "sql": sql,
        "timeZone": zone,
        "columns": [{"name": f.name, "type": f.dataType.simpleString(), "nullable": f.nullable} for f in frame.schema.fields],
        "sparkSchema": frame._jdf.schema().json(),
        "schema": base64.b64encode(schema_message(spark, jschema, zone)).decode(),
        "chunks": [[{"rowCount": row_count(b), "message": base64.b64encode(b).decode()} for b in part] for part in parts],
        "text": text_of(spark, spark.sql(shown) if shown else frame),
    }


def main():
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "7")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    cases = [fixture(spark, *case) for case in CASES]
    facts = {"sparkVersion": spark.version, "floatStyle": "SHORTEST" if spark._jvm.Double.toString(2e23) == "2.0E23" else "LEGACY"}
    with open(os.path.join(HERE, "result-fixtures.json"), "w", encoding="utf-8") as out:
        json.dump({**facts, "cases": cases}, out, ensure_ascii=False, indent=1)
        out.write("\n")
    spark.stop()


if __name__ == "__main__":
    sys.exit(main())
