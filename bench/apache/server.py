"""server.py: an Apache of our own on the loopback interface: configure, start, restart, stop.

Nothing of the system's Apache is read or written: configuration, logs, sockets and the file with
the process number are in a folder that is made for the run. As root, Apache asks for another user
for its processes, who could not read a Python or a tree below a home folder; so it runs in a user
namespace, where its user number is not 0 and its rights to files are the caller's.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import hpystate

HERE = Path(__file__).resolve().parent
MODULES = Path("/usr/lib/apache2/modules")
GROUPS = ("alpha", "beta", "gamma")
THREADS = 8  # of each daemon process
START_SECONDS = 60
NAMESPACE = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


class HostError(RuntimeError):
    """Apache, mod_wsgi or something that they need is missing, or did not start."""


@dataclass
class Site:
    """What one URL prefix answers: /NAME/GROUP for each of `groups`.

    sheet      which implementation of the module `sheet`: hpy, static, claims or python
    own_gil    each group's interpreter has a GIL of its own
    processes  each group has a process; otherwise one process has them all
    first      the script's lines before it imports `sheet`; None: those that `sheet` needs
    set_env    variables that Apache's SetEnv sets
    """

    name: str
    sheet: str
    own_gil: bool = True
    processes: bool = False
    groups: tuple[str, ...] = GROUPS
    first: tuple[str, ...] | None = None
    set_env: dict[str, str] = field(default_factory=dict)

    def first_lines(self) -> tuple[str, ...]:
        if self.first is not None:
            return self.first
        return ("import hpystate", "hpystate.install()") if self.sheet == "hpy" else ()


@dataclass
class Apache:
    """A server for some sites. `with` starts and stops it."""

    folder: Path
    sites: list[Site]
    module: Path
    extensions: Path
    environment: dict[str, str] = field(default_factory=dict)
    home: str = sys.prefix
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Apache:
        self.folder.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for site in self.sites:
            for group in site.groups:
                self._script(site, group).write_text(self._text_of(site, group))
        (self.folder / "httpd.conf").write_text(self._configuration())
        command = [*(NAMESPACE if os.geteuid() == 0 else []), _apache(), "-D", "FOREGROUND"]
        command += ["-f", str(self.folder / "httpd.conf")]
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def restart(self) -> None:
        """Gracefully: requests that are under way are answered by the old processes."""
        assert self.process is not None
        self.process.send_signal(signal.SIGUSR1)

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in self.children():
                _end(pid)
            self.process.kill()
            self.process.wait(10)

    def children(self) -> list[int]:
        assert self.process is not None
        try:
            tasks = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        except FileNotFoundError:
            return []
        return [int(pid) for pid in tasks.split()]

    def log(self) -> str:
        file = self.folder / "error.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def crashes(self) -> int:
        """Processes that ended by a signal, as Apache and mod_wsgi log them."""
        return sum("exit signal" in line or "has died" in line for line in self.log().splitlines())

    def _wait(self) -> None:
        assert self.process is not None
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        said = (self.folder / "output").read_text(errors="replace") + self.log()
        raise HostError(f"Apache did not start. The end of what it wrote:\n{said[-2000:]}")

    def _script(self, site: Site, group: str) -> Path:
        return self.folder / f"{site.name}-{group}.wsgi"

    def _text_of(self, site: Site, group: str) -> str:
        folders = [str(HERE), str(self.extensions / site.sheet)]
        lines = ["import sys", f"sys.path[:0] = {folders!r}"]
        lines += [*site.first_lines(), "import sheet", "from application import application_of"]
        lines += [f"application = application_of(sheet, {group!r})"]
        return "\n".join(lines) + "\n"

    def _configuration(self) -> str:
        where = self.folder
        lines = [
            f'ServerRoot "{where}"',
            f'DefaultRuntimeDir "{where}"',
            f'PidFile "{where}/pid"',
            f'ErrorLog "{where}/error.log"',
            "LogLevel warn wsgi:info",
            f"Listen 127.0.0.1:{self.port}",
            "ServerName localhost",
            f"LoadModule mpm_event_module {MODULES}/mod_mpm_event.so",
            f"LoadModule authz_core_module {MODULES}/mod_authz_core.so",
            f"LoadModule env_module {MODULES}/mod_env.so",
            f"LoadModule wsgi_module {self.module}",
            "StartServers 1",
            "ServerLimit 3",
            "ThreadsPerChild 25",
            "MaxRequestWorkers 50",
            "MaxKeepAliveRequests 0",
            "KeepAliveTimeout 60",
            f'WSGIPythonHome "{self.home}"',
            f'WSGISocketPrefix "{where}/wsgi"',
            "WSGIRestrictEmbedded On",
            f'<Directory "{where}">',
            "Require all granted",
            "</Directory>",
        ]
        package = Path(hpystate.__file__).absolute().parent.parent
        for site in self.sites:
            shared = f"threads={THREADS} processes=1 python-path={package}"
            names = [f"{site.name}-{g}" if site.processes else site.name for g in site.groups]
            for name in dict.fromkeys(names):
                lines.append(f"WSGIDaemonProcess {name} display-name=%{{GROUP}} {shared}")
                lines.append(f"<WSGIInterpreterOptions process-group={name}>")
                lines.append(f"WSGIPerInterpreterGIL {'On' if site.own_gil else 'Off'}")
                lines.append("</WSGIInterpreterOptions>")
            variables = [f"SetEnv {name} {value}" for name, value in site.set_env.items()]
            if variables:
                lines += [f"<Location /{site.name}>", *variables, "</Location>"]
            for name, group in zip(names, site.groups, strict=True):
                lines.append(
                    f'WSGIScriptAlias /{site.name}/{group} "{self._script(site, group)}" '
                    f"process-group={name} application-group={group}"
                )
        return "\n".join(lines) + "\n"


def _apache() -> str:
    found = shutil.which("apache2", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise HostError(
            "apache2 is not there; `make hosts` installs it, or apt-get install apache2-bin"
        )
    return found


def apache_version() -> str:
    line = subprocess.run([_apache(), "-v"], capture_output=True, text=True, check=True).stdout
    return line.partition("Apache/")[2].partition("\n")[0]


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def processor_seconds(pid: int) -> float:
    """What the threads that a process has now have used; 0 if it ended."""
    total = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(task.read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that ended since the folder was read
    return total / 1e9


def find_module(prefix: Path) -> Path | None:
    """The mod_wsgi of this Python below `prefix`."""
    version = f"{sys.version_info.major}{sys.version_info.minor}"
    return next(prefix.glob(f"mod_wsgi/server/mod_wsgi-py{version}.*.so"), None)
