"""TLS by Python's ssl module, with keys that stay where they are."""

from __future__ import annotations

import ctypes
import ssl
from dataclasses import dataclass
from typing import Optional, Sequence, Tuple, Union
from weakref import WeakKeyDictionary

from . import _abi, _abi_openssl
from ._pin import PinSource
from .errors import InvalidArgumentError, UnsupportedError
from .identity import Identity, identity as open_identity

_Text = Union[str, Sequence[str]]


@dataclass(frozen=True)
class Shown:
    """What the library knows of a context, and what it may ask for a PIN again."""

    pointer: int  #: its SSL_CTX
    pins: Tuple[Optional[PinSource], ...]


#: The contexts that were made here and live.
contexts: "WeakKeyDictionary[ssl.SSLContext, Shown]" = WeakKeyDictionary()


def ssl_context(
    identity: Union[Identity, str, Sequence[Union[Identity, str]]],
    purpose: str = "server",
    *,
    cafile: Optional[str] = None,
    trust: Optional[_Text] = None,
    crl: _Text = (),
    crl_check: Optional[str] = None,
    soft_fail: bool = False,
) -> ssl.SSLContext:
    """A standard ssl.SSLContext that shows `identity` (or the one at that URI); its key stays where it is.

    Of several identities a server shows the one that the client asks for by name, else the first.
    `purpose` says what the context is for: "server", or "client", which then also checks servers
    against the system's trust and their name, as ssl.create_default_context() does. `cafile` has the
    anchors in place of the system's; with it, a server wants certificates of its clients. What else
    there is to say is said to the context, as ever.

    `trust` in place of `cafile` names stores with anchors by their URIs, and `crl` files of revocation
    lists, PEM or DER; `crl_check` ("none", "leaf", "chain") says whose status must be known, with lists
    "chain", and `soft_fail` pardons one that no list tells. These judge peers in place of the context's
    own anchors, and a Rotator heeds their changes.

    Raises KeyMismatchError, AccessDeniedError for a certificate that is not for this purpose, and
    NotTrustedError for one that is not valid now.
    """
    if purpose not in ("server", "client"):
        raise InvalidArgumentError(f"no purpose is called '{purpose}'", "known: server, client")
    given = [identity] if isinstance(identity, (Identity, str)) else list(identity)
    shown = [open_identity(each) if isinstance(each, str) else each for each in given]
    handles = [each._handle for each in shown]
    options = _options(purpose, handles)
    if trust is not None or crl or crl_check is not None:
        if cafile is not None:
            raise InvalidArgumentError("both cafile and trust are given", "give one of them")
        _judge(options, _texts(trust or ()), _texts(crl), crl_check, soft_fail)
    context, pointer = _made(purpose, cafile)
    _abi.check(_abi_openssl.library().ks_tls_configure(pointer, options))
    contexts[context] = Shown(pointer, tuple(each._pin for each in shown))
    return context


def _options(purpose: str, handles: Sequence[_abi.Handle]) -> _abi_openssl.TlsOptions:
    sources = (_abi_openssl.TlsSource * len(handles))()
    for source, handle in zip(sources, handles):
        source.identity = handle._as_parameter_
    return _abi_openssl.TlsOptions(
        size=ctypes.sizeof(_abi_openssl.TlsOptions),
        role=_abi_openssl.SERVER if purpose == "server" else _abi_openssl.CLIENT,
        identities=sources,
        identity_count=len(handles),
        max_version=_abi_openssl.TLS_1_3,
        identities_only=1,
    )


def _judge(
    options: _abi_openssl.TlsOptions,
    trust: Sequence[str],
    crls: Sequence[str],
    crl_check: Optional[str],
    soft_fail: bool,
) -> None:
    if options.role == _abi_openssl.SERVER:
        if not trust:
            raise InvalidArgumentError("a server that judges its clients needs `trust`")
        options.client_certificate = _abi_openssl.CLIENT_CERTIFICATE_REQUIRED
    else:
        options.any_host = 1  # the context has Python compare the name
    options.identities_only = 0
    options.trust, options.trust_count = _abi.texts(trust), len(trust)
    options.crls, options.crl_count = _abi.texts(crls), len(crls)
    options.crl_check = _abi.encoded_or_none(crl_check)
    options.soft_fail = soft_fail


def _made(purpose: str, cafile: Optional[str]) -> Tuple[ssl.SSLContext, int]:
    """A context, and its SSL_CTX, which the ssl module shows nobody."""
    library = _abi_openssl.library()
    _abi.check(library.ks_tls_watch_contexts())
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH if purpose == "server" else ssl.Purpose.SERVER_AUTH, cafile=cafile
    )
    pointer = library.ks_tls_newest_context()
    if pointer is None:
        raise UnsupportedError(
            "this Python's ssl module has another OpenSSL than the library",
            "use a Python that is linked with the system's OpenSSL",
        )
    if cafile is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context, int(pointer)


def _texts(given: _Text) -> Sequence[str]:
    return [given] if isinstance(given, str) else given
