"""``display(x)``: rows of a DataFrame as the job's result, anything else as print shows it."""


def display_with(spark):
    def display(*values):
        """Shows values; the rows of the last DataFrame are the result of the job."""
        for value in values:
            frame = _as_spark(value, spark.session)
            if frame is None:
                print(value)
            else:
                print(spark.display(frame), end="")

    return display


def _as_spark(value, session):
    """Null for what has no rows."""
    if hasattr(value, "_jdf"):
        return value
    package = type(value).__module__.partition(".")[0]
    if type(value).__name__ == "DataFrame" and package == "pandas":
        return session.createDataFrame(value)
    if type(value).__name__ == "DataFrame" and hasattr(value, "to_spark"):
        return value.to_spark()
    return None
