"""Renewed keys and certificates without a restart."""

from __future__ import annotations

import atexit
import ctypes
import ssl
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Optional, Set, Type

from . import _abi, _abi_openssl
from .entry import Certificate, certificate_of
from .errors import InvalidArgumentError, KeystoreError
from .tls import contexts


@dataclass(frozen=True)
class RotationReport:
    """What came of a change."""

    source: str  #: the URI of the key, "trust" or "configuration"
    error: Optional[KeystoreError]  #: why what was good before stays in use
    leaf: Optional[Certificate]  #: what new handshakes show, where an identity changed


class Rotator:
    """Keeps a context of ssl_context() as the files behind it are, until it is closed or the program ends.

    Key and reference files, certificates, trust, revocation lists and the configuration may be replaced
    in any way. A new identity is used by new handshakes once it is proven; one that fails changes
    nothing, is reported, and is tried again. Identities that a Store found stay.

    `report` is called from a thread of its own, and must not close this. `settle` seconds without a
    change end a change of several files; after `poll` seconds files are looked at though nothing told
    of a change. A forked child goes on with what was shown, until it makes a Rotator of its own.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        report: Optional[Callable[[RotationReport], Any]] = None,
        *,
        settle: float = 0.2,
        poll: float = 10.0,
    ) -> None:
        shown = contexts.get(context)
        if shown is None:
            raise InvalidArgumentError("the context was not made by keystore.ssl_context()")
        self._context = context
        self._report = report
        self._lock = threading.Lock()
        options = _abi_openssl.RotatorOptions(
            size=ctypes.sizeof(_abi_openssl.RotatorOptions),
            settle_ms=_abi.milliseconds(settle),
            poll_ms=_abi.milliseconds(poll),
        )
        if report is not None:
            self._callback = _abi_openssl.RotationCallback(self._told)
            options.report = self._callback
        pointer = ctypes.c_void_p()
        library = _abi_openssl.library()
        _abi.check(
            library.ks_rotator_start_with(shown.pointer, options, ctypes.byref(pointer))
        )
        self._pointer: Optional[ctypes.c_void_p] = pointer
        _running.add(self)

    def check(self) -> None:
        """Loads everything again, though no file changed: for keys and certificates replaced on a token.
        Returns at once."""
        with self._lock:
            if self._pointer is None:
                raise InvalidArgumentError("this Rotator is closed")
            _abi_openssl.library().ks_rotator_check(self._pointer)

    def close(self) -> None:
        """Ends it; the context goes on with what it shows. Any thread but that of a report, any number of
        times."""
        if getattr(_reporting, "rotator", None) is self:
            raise InvalidArgumentError("a report cannot close its Rotator", "do it from another thread")
        with self._lock:
            pointer, self._pointer = self._pointer, None
        if pointer is not None:
            _abi_openssl.library().ks_rotator_free(pointer)
            _running.discard(self)

    def _told(self, _: Any, flat: Any) -> None:
        assert self._report is not None
        report = flat.contents
        _reporting.rotator = self
        self._report(
            RotationReport(
                source=_abi.text(report.source),
                error=_abi.error_of(report.error.contents) if report.error else None,
                leaf=certificate_of(report.leaf.contents) if report.leaf else None,
            )
        )

    def __enter__(self) -> "Rotator":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()


# They run, so they are needed. The library's thread must not call a Python that has ended.
_running: Set[Rotator] = set()
_reporting = threading.local()


@atexit.register
def _end() -> None:
    for each in list(_running):
        each.close()
