"""errors.py: what loading an extension raises."""

from __future__ import annotations

__all__ = ["LoadError"]


class LoadError(ImportError, RuntimeError):
    """An HPy extension could not be loaded.

    It is an ImportError for those who import, and a RuntimeError for those who call what
    `hpy.universal` offers, which has always raised that.

    name     dotted name of the module
    path     path of the file
    kind     short name of the reason, for programs: "truncated", "unsupported-version", ...
    details  the parts of the message by name; all values are str
    """

    kind: str
    details: dict[str, str]

    def __init__(
        self,
        message: str,
        *,
        name: str | None = None,
        path: str | None = None,
        kind: str = "",
        details: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, name=name, path=path)
        self.kind = kind
        self.details = dict(details or {})
