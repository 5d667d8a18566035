"""A client of one server, told what to do by lines of JSON on its standard input.

client.py connect|thrift|libra URL
Each task is answered by one line of JSON.
"""

import http.client
import json
import socket
import sys
import threading
import time
import urllib.parse


def address_of(place):
    parts = urllib.parse.urlsplit(place)
    return parts.hostname, parts.port


def wait_for_port(address, end):
    """The clients wait longer and longer between their own tries."""
    while True:
        try:
            socket.create_connection(address, timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


class Connect:
    """Spark Connect, by pyspark's own client. Sessions are light ones of the one server."""

    def __init__(self, place):
        from pyspark.sql.connect.session import SparkSession

        self.address = address_of(place)
        self.builder = SparkSession.Builder().remote(place)
        self.spark = None

    def open(self):
        self.spark = self.builder.create()
        return self

    def rows(self, text):
        return self.spark.sql(text).collect()

    def arrow(self, text):
        return self.spark.sql(text).toArrow().num_rows


class Thrift:
    """The Thrift server of Spark, by PyHive."""

    def __init__(self, place):
        from pyhive import hive

        self.hive = hive
        self.address = address_of(place)
        self.connection = None

    def open(self):
        host, port = self.address
        self.connection = self.hive.connect(host=host, port=port)
        return self

    def rows(self, text):
        cursor = self.connection.cursor(arraysize=10_000)
        cursor.execute(text)
        try:
            return cursor.fetchall()
        finally:
            cursor.close()


class Libra:
    """Libra, by the HTTP client of Python's own library and pyarrow."""

    def __init__(self, place):
        self.address = address_of(place)
        self.connection = None

    def open(self):
        self.connection = http.client.HTTPConnection(*self.address)
        return self

    def statement(self, text, row_limit):
        body = json.dumps({"kind": "sql", "code": text, "rowLimit": row_limit, "wait": "10m"})
        self.connection.request(
            "POST",
            "/api/v1/sessions/default/statements",
            body,
            {"content-type": "application/json"},
        )
        answer = json.loads(self.connection.getresponse().read())
        if answer.get("state") != "SUCCESS":
            raise RuntimeError(json.dumps(answer))
        return answer

    def result(self, text, accept):
        job = self.statement(text, 1)["jobId"]
        self.connection.request("GET", f"/api/v1/jobs/{job}/result", headers={"accept": accept})
        response = self.connection.getresponse()
        if response.status != 200:
            raise RuntimeError(response.read().decode())
        return response

    def rows(self, text):
        return self.statement(text, 1000)

    def arrow(self, text):
        import pyarrow

        response = self.result(text, "application/vnd.apache.arrow.stream")
        with pyarrow.ipc.open_stream(response) as reader:
            return reader.read_all().num_rows

    def json(self, text):
        """Received whole and counted, not parsed: it is the server that is measured."""
        response = self.result(text, "application/json")
        rows, last = 0, b""
        while part := response.read(1 << 20):
            rows += (last + part).count(b"],[")
            last = part[-2:]
        return rows + 1


KINDS = {"connect": Connect, "thrift": Thrift, "libra": Libra}


class Load:
    def __init__(self, client):
        self.client = client
        self.clients = []
        self.lock = threading.Lock()
        self.literal = 2_000_000_000

    def next_literal(self):
        with self.lock:
            self.literal += 1
            return str(self.literal)

    def first(self, task):
        """Until the server that is being started answers."""
        end = time.monotonic() + task["limit"]
        wait_for_port(self.client().address, end)
        while True:
            try:
                self.clients = [self.client().open()]
                self.clients[0].rows(task["template"].replace("#", self.next_literal()))
                return time.time() * 1000
            except Exception:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def loop(self, task):
        while len(self.clients) < task["parallel"]:
            self.clients.append(self.client().open())
        times, faults = [], []
        end = time.perf_counter() + task["ms"] / 1000

        def run(client):
            try:
                while time.perf_counter() < end:
                    text = task["template"].replace("#", self.next_literal())
                    started = time.perf_counter()
                    client.rows(text)
                    times.append((time.perf_counter() - started) * 1000)
            except Exception as fault:
                faults.append(repr(fault))

        threads = [
            threading.Thread(target=run, args=(client,))
            for client in self.clients[: task["parallel"]]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise RuntimeError(faults[0])
        return times

    def fetch(self, task):
        text = task["template"].replace("#", self.next_literal())
        started = time.perf_counter()
        found = getattr(self.clients[0], task["form"])(text)
        took = (time.perf_counter() - started) * 1000
        return {"ms": took, "rows": found if isinstance(found, int) else len(found)}

    def session(self, task):
        """A new session to its first answer."""
        started = time.perf_counter()
        self.client().open().rows(task["template"].replace("#", self.next_literal()))
        return (time.perf_counter() - started) * 1000


def main():
    kind, place = sys.argv[1:]
    client = KINDS[kind](place)
    del client  # What it imports is there from now on.
    load = Load(lambda: KINDS[kind](place))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        try:
            answer = {"value": getattr(load, task["do"])(task)}
        except Exception as fault:
            answer = {"fault": repr(fault)[:2000]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
