"""mod_wsgi.py: builds mod_wsgi for this Python from the Python package index, and a changed one.

mod_wsgi 6.1 has one lock in a process around the look-up of a script's module. Every request takes
it, and waits for the GIL of its interpreter while it has it. The changed one has a lock for each
interpreter: what rates.py measures with it shows what that one lock costs.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path

from server import HostError, find_module

from hpystate.build import make_cache_folder

VERSION = "6.1"
FILE = "src/server/wsgi_execute.c"
LOCK = "apr_thread_mutex_{}lock(wsgi_module_lock);"
#: By the interpreter, which a request keeps: it unlocks what it locked.
OURS = "pthread_mutex_{}lock(&lock_of_each[((apr_uintptr_t)interp >> 6) % 64]);"
TABLE = (
    "#include <pthread.h>\nstatic pthread_mutex_t lock_of_each[64]; /* 0 is an unlocked one */\n"
)


def need_mod_wsgi(*, changed: bool = False) -> Path:
    """The module's file; built where it is not in the cache."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    kind = "-changed" if changed else ""
    prefix = make_cache_folder(f"mod_wsgi-{VERSION}{kind}-{version}")
    module = find_module(prefix)
    if module is not None:
        return module
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        raise HostError(
            f"{sys.executable} has no shared libpython, which mod_wsgi needs. Take a Python that "
            "was configured with --enable-shared: make hosts PYTHON=..."
        )
    print(f"building mod_wsgi {VERSION}{kind} for Python {platform.python_version()}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        what = str(_changed_source(Path(scratch))) if changed else f"mod_wsgi=={VERSION}"
        _pip("install", "--no-binary", "mod_wsgi", "--target", str(prefix), what)
    module = find_module(prefix)
    if module is None:
        raise HostError(
            f"{prefix}: pip installed mod_wsgi there, and no module for Python {version}"
        )
    return module


def _changed_source(folder: Path) -> Path:
    _pip("download", "--no-binary", ":all:", "--dest", str(folder), f"mod_wsgi=={VERSION}")
    (archive,) = folder.glob("mod_wsgi-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    source = folder / archive.name.removesuffix(".tar.gz")
    text = (source / FILE).read_text()
    for what, count in (("", 1), ("un", 2)):
        if text.count(LOCK.format(what)) != count:
            raise HostError(f"mod_wsgi {VERSION}: {FILE} has not the lock that is to be changed")
        text = text.replace(LOCK.format(what), OURS.format(what))
    (source / FILE).write_text(TABLE + text)
    return source


def _pip(command: str, *arguments: str) -> None:
    start = [sys.executable, "-m", "pip", command, "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run([*start, *arguments], capture_output=True, text=True, timeout=1200)
    if done.returncode:
        raise HostError(f"mod_wsgi was not built:\n{(done.stdout + done.stderr)[-2000:]}")
