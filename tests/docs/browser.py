"""browser.py: a headless Chromium, spoken to through its DevTools protocol, over two pipes."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "headless_shell")


def chromium() -> str | None:
    """Its path; None where this machine has none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class BrowserError(RuntimeError):
    """The browser ended, answered with an error, or not in time."""


class Browser:
    """One tab. Messages are JSON, each with a zero byte at its end: to the browser through its file
    descriptor 3, from it through 4."""

    def __init__(self, profile: Path, limit: float = 60) -> None:
        self.limit = limit
        self._last = 0
        self._unread = b""
        self._events: list[dict[str, Any]] = []
        read_end, self._to = os.pipe()
        self._from, write_end = os.pipe()
        command = [
            *(str(chromium()), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--disable-dev-shm-usage", f"--user-data-dir={profile}", "--remote-debugging-pipe"),
            "about:blank",
        ]
        # The descriptors must be 3 and 4 in the child: a shell gives them their places.
        script = f'exec "$@" 3<&{read_end} 4>&{write_end}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", *command],
            pass_fds=(read_end, write_end),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_end)
        os.close(write_end)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session: str | None = attached["sessionId"]
        self.call("Page.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(BrowserError, OSError):
            self._call("Browser.close")
        os.close(self._to)
        os.close(self._from)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    # ---- messages ----
    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Of the tab."""
        return self._call(method, self._session, **parameters)

    def _call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        end = time.monotonic() + self.limit
        while True:
            answer = self._read(end, method)
            if answer.get("id") != self._last:
                self._events.append(answer)
                continue
            if "error" in answer:
                raise BrowserError(f"{method}: {answer['error']['message']}")
            result: dict[str, Any] = answer["result"]
            return result

    def _read(self, end: float, what: str) -> dict[str, Any]:
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._from], [], [], max(0, end - time.monotonic()))
            data = os.read(self._from, 1 << 16) if ready else b""
            if not data:
                how = "ended" if ready else f"did not answer in {self.limit:.0f} seconds"
                raise BrowserError(f"{what}: the browser {how}")
            self._unread += data
        message, _, self._unread = self._unread.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed

    # ---- the tab ----
    def resize(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def open(self, page: str) -> None:
        """Returns when all of it is loaded."""
        self._events.clear()
        found = self.call("Page.navigate", url=page)
        if "errorText" in found:
            raise BrowserError(f"{page}: {found['errorText']}")
        end = time.monotonic() + self.limit
        while not any(each.get("method") == "Page.loadEventFired" for each in self._events):
            self._events.append(self._read(end, page))

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in found:
            raise BrowserError(f"{script[:60]}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def picture(self, file: Path) -> None:
        """Writes what the window shows as a PNG."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        file.write_bytes(base64.b64decode(data))
