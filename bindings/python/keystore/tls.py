"""TLS by Python's ssl module, with keys that stay where they are."""

from __future__ import annotations

import contextlib
import ssl
import tempfile
from typing import Iterator, Optional, Union
from weakref import WeakKeyDictionary

from . import _abi, _provider
from ._abi import ks
from .errors import InternalError, InvalidArgumentError
from .identity import Identity, identity as open_identity
from .key import Key

# What asks for a PIN again lives as long as the contexts that need it.
_identities: "WeakKeyDictionary[ssl.SSLContext, Identity]" = WeakKeyDictionary()


def ssl_context(
    identity: Union[Identity, str], purpose: str = "server", *, cafile: Optional[str] = None
) -> ssl.SSLContext:
    """A standard ssl.SSLContext that shows `identity` (or the one at that URI); its key stays where it is.

    `purpose` says what the context is for: "server", or "client", which then also checks servers
    against the system's trust and their name, as ssl.create_default_context() does. `cafile` has the
    anchors in place of the system's; with it, a server wants certificates of its clients. What else
    there is to say is said to the context, as ever. Loads our OpenSSL provider into this process,
    beside all others; no configuration file is needed.
    """
    if purpose not in ("server", "client"):
        raise InvalidArgumentError(f"no purpose is called '{purpose}'", "known: server, client")
    shown = open_identity(identity) if isinstance(identity, str) else identity
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH if purpose == "server" else ssl.Purpose.SERVER_AUTH, cafile=cafile
    )
    if cafile is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    _provider.load()
    certificates = "".join(each.pem() for each in (shown.certificate, *shown.chain))
    with _lent(shown.key) as reference, tempfile.NamedTemporaryFile("w") as file:
        file.write(reference + certificates)
        file.flush()
        try:
            context.load_cert_chain(file.name)
        except ssl.SSLError as problem:
            raise InternalError(
                f"OpenSSL did not take the identity {shown.key.uri}: {problem}",
                "see whether its configuration loads another version of the provider",
            ) from problem
    _identities[context] = shown
    return context


@contextlib.contextmanager
def _lent(key: Key) -> Iterator[str]:
    """The reference PEM by which OpenSSL, on this thread, gets this very key."""
    try:
        yield _abi.fill(ks.ks_key_lend, key._handle).decode()
    finally:
        ks.ks_key_lend_end()
