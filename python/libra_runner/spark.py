"""The driver's Spark as a job sees it: its own gateway, the job's session, and nothing that would
reach beyond the job."""

import functools
import os
import threading

from pyspark.conf import SparkConf
from pyspark.core.context import SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.logger import PySparkLogger
from pyspark.sql.session import SparkSession, _monkey_patch_RDD
from pyspark.sql.streaming.readwriter import DataStreamWriter

# What a session shows through objects that it keeps; they belong to the Java session behind it.
_KEPT_BY_SESSION = ("_conf", "_catalog", "conf", "catalog")

# What boilerplate sets, and what a shared driver has long decided.
_DECIDED = ("spark.app.name", "spark.master")


class Spark:
    def __init__(self, port, secret):
        os.environ["PYSPARK_GATEWAY_PORT"] = str(port)
        os.environ["PYSPARK_GATEWAY_SECRET"] = secret
        gateway = launch_gateway()
        # Processes that the job starts have no business with the gateway.
        del os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"]
        self._entry = gateway.entry_point
        self._calls = Calls(gateway, self._entry)
        jsc = self._entry.context()
        conf = SparkConf(_jconf=jsc.getConf())
        self.context = SparkContext(gateway=gateway, jsc=jsc, conf=conf)
        self._entry.adopt(self.context._javaAccumulator, self.context._temp_dir)
        # Attaching must not make this session the default one of the whole driver.
        SparkSession._should_update_active_session = staticmethod(lambda: False)
        self.session = SparkSession(self.context, self._entry.rootSession())
        SparkSession._instantiatedSession = SparkSession._activeSession = self.session
        self._guard()

    @property
    def calls(self):
        return self._calls

    def begin(self, statement):
        """From here on every call is the statement's own, on whatever thread."""
        self._calls.statement = statement
        self._calls.interrupted = False
        self._use(self._entry.session())

    def display(self, frame):
        """Stores the rows of a DataFrame as the job's result and answers with their text."""
        return self._entry.display(frame._jdf)

    def describe(self, java_exception):
        """What the driver would say of an exception of its own, as JSON."""
        return self._entry.describe(java_exception)

    def _use(self, java_session):
        self.session._jsparkSession = java_session
        for name in _KEPT_BY_SESSION:
            vars(self.session).pop(name, None)
        _monkey_patch_RDD(self.session)

    def _guard(self):
        entry, context = self._entry, self.context
        # The driver belongs to all: code that stops "its" Spark at the end goes on working.
        SparkSession.stop = lambda session: None
        SparkContext.stop = lambda sc: None
        # The way to the driver ends with the process.
        context._gateway.shutdown = lambda *_, **__: None
        SparkContext.cancelAllJobs = lambda sc: entry.cancelJobs()
        clear = SparkContext.clearJobTags

        def clear_job_tags(sc):
            clear(sc)
            entry.bind()

        SparkContext.clearJobTags = clear_job_tags

        def get_or_create(builder):
            options = {k: str(v) for k, v in builder._options.items() if k not in _DECIDED}
            if options:
                self._use(entry.sessionWith(options))
            return self.session

        SparkSession.Builder.getOrCreate = get_or_create
        # They would write the JVM's stack traces to stderr, beside the exception itself.
        for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
            PySparkLogger.getLogger(name).disabled = True
        # That of the whole driver.
        SparkContext.setLogLevel = lambda sc, level: None
        for name in ("start", "toTable"):
            setattr(DataStreamWriter, name, _announced(getattr(DataStreamWriter, name), entry))


def _announced(start, entry):
    @functools.wraps(start)
    def announced(writer, *args, **kwargs):
        entry.streaming(writer._spark._jsparkSession)
        return start(writer, *args, **kwargs)

    return announced


class Calls:
    """Stands before each call to the JVM. There each connection has a thread, and each Python
    thread has a connection: the first call of a thread in a statement binds it to the job, so that
    pool, tag and session hold on threads of every kind."""

    def __init__(self, gateway, entry):
        self.statement = 0
        self.busy = False
        self.interrupted = False
        self._local = threading.local()
        self._entry = entry
        self._client = gateway._gateway_client
        self._send = self._client.send_command
        self._client.send_command = self._send_bound

    def _send_bound(self, command, retry=True, binary=False):
        local = self._local
        if getattr(local, "statement", 0) != self.statement:
            local.statement = self.statement
            if not self._answers_the_jvm():
                self._entry.bind()
        if threading.current_thread() is not threading.main_thread():
            return self._send(command, retry, binary)
        outer, self.busy = self.busy, True
        try:
            return self._send(command, retry, binary)
        finally:
            self.busy = outer
            if self.interrupted and not outer:
                self.interrupted = False
                raise KeyboardInterrupt

    def _answers_the_jvm(self):
        """In a callback (foreachBatch) the JVM's thread has the properties of its query."""
        connection = self._client.get_thread_connection()
        return connection is not None and not connection.initiated_from_client


