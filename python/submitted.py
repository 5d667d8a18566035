"""Stands before the code of a ``python`` job that runs through spark-submit: the code finds ``spark``
and ``sc``, and a failure of it is told to the server without the frames of this file."""


def _run(code):
    import json
    import linecache
    import os
    import sys
    import traceback

    name = "<python>"
    folder = os.environ.get("LIBRA_PROGRAM")

    def tell(failure):
        if folder is None:
            return
        fresh = os.path.join(folder, "failure.new")
        with open(fresh, "w", encoding="utf-8") as file:
            json.dump(failure, file)
        os.replace(fresh, os.path.join(folder, "failure.json"))

    def own_stderr():
        """spark-submit reads both streams of its Python as one: the JVM's own is the job's stderr."""
        try:
            path = "/proc/%d/fd/2" % os.getppid()
            os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), 2)
        except OSError:
            pass

    def one_line(error):
        return "".join(traceback.format_exception_only(type(error), error)).strip().split("\n")[-1]

    own_stderr()
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    try:
        compiled = compile(code, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        lines = code.splitlines()
        tell(
            {
                "syntax": {
                    "line": line,
                    "column": max(1, getattr(error, "offset", None) or 1),
                    "text": lines[line - 1] if line <= len(lines) else None,
                },
                "message": one_line(error),
                "trace": None,
            }
        )
        traceback.print_exception(type(error), error, None)
        sys.exit(1)

    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    main = sys.modules["__main__"].__dict__
    main.pop("_run", None)

    def display(*values):
        """As beside the driver, but as text alone: a program of its own has no stored rows."""
        for value in values:
            if type(value).__module__.startswith("pandas."):
                value = spark.createDataFrame(value)
            if not hasattr(value, "_jdf"):
                print(value)
                continue
            print("Schema: " + value.schema.simpleString() + "\n")
            cells = [value[f"`{name}`"].cast("string") for name in value.columns]
            for row in value.select(*cells).limit(1000).collect():
                print("[" + ",".join("null" if cell is None else cell for cell in row) + "]")

    main.update(spark=spark, sc=spark.sparkContext, display=display, __doc__=None)
    try:
        exec(compiled, main)  # pylint: disable=exec-used
    except Exception as error:  # pylint: disable=broad-except
        trace = error.__traceback__.tb_next
        text = "".join(traceback.format_exception(type(error), error, trace))
        tell({"syntax": None, "message": one_line(error), "trace": text[-65536:]})
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()
        sys.exit(1)
