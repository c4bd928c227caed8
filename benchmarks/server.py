"""How many requests a second does a node's BFIA server answer, and how long does one wait?

    python benchmarks/server.py

The tutorial's job has run. Eight clients, in a process of their own, ask bob's node again what the nodes have asked
each other, in turns: to create the job, to start it and its task, how far the task is, how far the job is. Each waits
for its answer before it asks again.

kept      every client keeps its connection
fresh     every request has a connection of its own, as the nodes' own requests have
token     kept, where the node asks for a token

Where a connection is kept, at least 1,000 requests a second are answered, and 99 of 100 within 50 ms; on a machine
that has nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from time import perf_counter, process_time
from urllib.parse import urlsplit

from _common import positive, publish, table

LEAST, MOST = 1000, 50
"""Requests a second, and milliseconds."""
CLIENTS = 8
CASES = {"kept": (False, False), "fresh": (True, False), "token": (False, True)}
"""Whether each request has a connection of its own, and whether the node asks for a token."""


# --- the clients, in their own process -------------------------------------------------------------------------------


@dataclass
class Client:
    """One that asks, and asks again when it has an answer."""

    port: int
    requests: list[bytes]
    fresh: bool
    selector: selectors.BaseSelector
    asked: int = 0
    begin: float = 0.0
    connection: socket.socket | None = None
    answer: bytearray = field(default_factory=bytearray)

    def ask(self) -> None:
        """Send the next request."""
        self.begin = perf_counter()
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.port))
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(self.connection, selectors.EVENT_READ, self)
        self.answer.clear()
        self.connection.sendall(self.requests[self.asked % len(self.requests)])
        self.asked += 1

    def hear(self) -> float | None:
        """Seconds that a request has waited, if its answer is whole."""
        assert self.connection is not None
        chunk = self.connection.recv(65536)
        self.answer += chunk
        head, _, body = self.answer.partition(b"\r\n\r\n")
        if not chunk or not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(bytes(head[:100]) or "the server has closed a connection")
        if len(body) < int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]):
            return None
        waited = perf_counter() - self.begin
        if self.fresh:
            self.selector.unregister(self.connection)
            self.connection.close()
            self.connection = None
        return waited


def clients(port: int, requests: list[bytes], count: int, *, fresh: bool) -> list[float]:
    """So many requests to a port: the seconds of all of them together, and of each."""
    with selectors.DefaultSelector() as selector:
        begin, waits = perf_counter(), list[float]()
        for first in range(CLIENTS):
            Client(port, requests, fresh, selector, asked=first).ask()
        while len(waits) < count:
            for key, _ in selector.select():
                if (waited := key.data.hear()) is not None:
                    waits.append(waited)
                    key.data.ask()
        return [perf_counter() - begin, *waits]


def text(call: str, body: str, token: str) -> bytes:
    """A request as it is sent."""
    content = body.encode()
    head = [f"POST /v1/interconn/schedule/{call} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    if call == "job/status_all":
        head[0], content = f"GET /v1/interconn/schedule/{call}?job_id={json.loads(body)['job_id']} HTTP/1.1", b""
    head += [f"Authorization: Bearer {token}"] * bool(token)
    return "\r\n".join([*head, f"Content-Length: {len(content)}", "", ""]).encode() + content


# --- the server ------------------------------------------------------------------------------------------------------


def measure(case: str, count: int) -> tuple[float, float, float, float]:
    """Requests a second, milliseconds for half of them and for 99 of 100, and of a processor for one at the server."""
    import kuscia_nb as kn

    fresh, token = CASES[case]
    with kn.connect() as cluster:
        cluster.up_http(0, token=token)
        exchanges = cluster.apply(kn.tutorial_manifest(), replace=True).wait().exchanges.drop_duplicates("call")
        asked = exchanges[["call", "request"]].to_numpy().tolist()
        port = urlsplit(cluster.http["bob"]).port
        told = {"port": port, "asked": asked, "token": cluster.http_token, "fresh": fresh}
        for number in (count // 10, count):  # the first ones warm up
            command = [sys.executable, __file__, "--clients", json.dumps(told | {"count": number})]
            before = process_time()
            ran = subprocess.run(command, capture_output=True, text=True, check=True)
            cost = process_time() - before
        cluster.down_http()
    took, *waits = json.loads(ran.stdout)
    hundredths = statistics.quantiles(waits, n=100)
    return count / took, hundredths[49] * 1e3, hundredths[98] * 1e3, cost / count * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=positive, default=10_000, help="for each line")
    parser.add_argument("--save", action="store_true", help="write results/server.md")
    parser.add_argument("--clients", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.clients:
        told = json.loads(arguments.clients)
        requests = [text(call, body, told["token"]) for call, body in told["asked"]]
        print(json.dumps(clients(told["port"], requests, told["count"], fresh=told["fresh"])))
        return
    busy, rows, missed = os.getloadavg()[0], [], []
    for case in CASES:
        rate, half, most, cost = measure(case, arguments.requests)
        rows.append((case, f"{rate:,.0f}", f"{half:.1f}", f"{most:.1f}", f"{cost:.2f}"))
        if case != "fresh" and (rate < LEAST or most > MOST):
            missed.append(case)
    load = f"Load of the machine before the start: {busy:.1f}."
    header = (f"{CLIENTS} clients", "requests/s", "half within, ms", "99 of 100, ms", "server's processor, ms each")
    publish("server", "A node's BFIA server", f"{table(header, rows)}\n\n{load}", save=arguments.save)
    sys.exit(f"too slow: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
