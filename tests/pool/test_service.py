"""test_service.py: examples/http_service answers right, refuses what is wrong, ends at Ctrl-C."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

SERVICE = Path(__file__).resolve().parents[2] / "examples" / "http_service" / "service.py"


class Running(NamedTuple):
    process: subprocess.Popen[str]
    port: int

    def post(self, body: bytes) -> tuple[int, object]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/summary", body)
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
        connection.close()
        return found

    def raw(self, request: bytes) -> bytes:
        """All that the service answers until it ends the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture
def service() -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", str(SERVICE), "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("http://127.0.0.1:"), line + process.communicate(timeout=30)[1]
        yield Running(process, int(line.rpartition(":")[2].partition("/")[0]))
    finally:
        process.kill()
        process.wait()


def test_clients_at_once_get_the_answers_to_their_own_requests(service: Running) -> None:
    def ask(number: int) -> bool:
        body = "".join(f"place {number};{value}\n" for value in (number, -number, 0.5))
        wanted = {f"place {number}": [3, min(-number, 0.5), 0.5 / 3, max(number, 0.5)]}
        return service.post(body.encode()) == (200, wanted)

    with ThreadPoolExecutor(6) as clients:
        assert all(clients.map(ask, range(60)))


def test_what_is_wrong_with_a_request_is_told(service: Running) -> None:
    assert service.post(b"rome;21.5\nrome") == (
        400,
        {"error": "line 2: `station;number` was expected, and there is no `;`"},
    )
    assert service.post(b";1")[0] == 400
    assert service.post(b"a\0b;1") == (400, {"error": "line 1: a byte 0, which no text has"})
    assert service.post(b"a;1e308\na;1e308") == (
        400,
        {"error": "line 2: the sum of the station's numbers is too large"},
    )
    assert service.post(b"rome;1e999")[0] == service.post(b"rome;nan")[0] == 400
    assert service.post(b"\xff;1")[0] == 400
    assert service.post("".join(f"{i};1\n" for i in range(513)).encode()) == (
        400,
        {"error": "line 513: more than 512 stations"},
    )
    for request, status in (
        (b"GET /summary HTTP/1.1\r\nConnection: close\r\n\r\n", 405),
        (b"GET /other HTTP/1.1\r\nConnection: close\r\n\r\n", 404),
        (b"nonsense\r\n\r\n", 400),
        (b"POST /summary HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /summary HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", 413),
        (b"POST /summary HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 400),
    ):
        assert service.raw(request).startswith(b"HTTP/1.1 %d " % status), request[:60]
    assert service.post(b"") == (200, {}), "the service goes on"


def test_ctrl_c_ends_it_with_a_silent_connection_and_a_request_under_way(service: Running) -> None:
    silent = socket.create_connection(("127.0.0.1", service.port), timeout=60)
    body = b"rome;1\n" * 500_000  # some tenths of a second
    asking = socket.create_connection(("127.0.0.1", service.port), timeout=60)
    asking.sendall(b"POST /summary HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    assert service.post(b"oslo;2") == (200, {"oslo": [1, 2.0, 2.0, 2.0]})  # both were accepted

    service.process.send_signal(signal.SIGINT)
    with silent, asking:
        assert asking.recv(65536).startswith(b"HTTP/1.1 200 ")
        begin = time.monotonic()
        assert asking.recv(1) == b"" == silent.recv(1)
        # LAST_SECONDS are for requests: a connection that was answered may ask no more.
        assert time.monotonic() - begin < 4
    output, errors = service.process.communicate(timeout=60)

    assert (service.process.returncode, errors) == (0, "")
    assert output == "2 requests answered\n"


def test_a_port_that_is_taken_is_told_on_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, str(SERVICE), "--port", port, "--workers", "1"],
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 2
    assert done.stderr == f"service.py: port {port}: Address already in use\n"
