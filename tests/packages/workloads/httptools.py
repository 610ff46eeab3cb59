"""httptools.py: parses requests and responses by callbacks, a URL, a line that is not HTTP."""

from __future__ import annotations

import httptools


class Seen:
    def __init__(self) -> None:
        self.rows: list[object] = []

    def on_url(self, url: bytes) -> None:
        self.rows.append(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.rows.append((name, value))

    def on_body(self, body: bytes) -> None:
        self.rows.append(body)

    def on_message_complete(self) -> None:
        self.rows.append("end")


def work(i: int) -> object:
    seen = Seen()
    parser = httptools.HttpRequestParser(seen)
    parser.feed_data(b"POST /p%d?q HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" % i)
    try:
        httptools.HttpRequestParser(seen).feed_data(b"NOT HTTP %d\r\n" % i)
    except httptools.HttpParserError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    url = httptools.parse_url(b"http://u@h:80%d/p?q#f" % i)
    return seen.rows, parser.get_method(), parser.get_http_version(), url.port, url.path, said
