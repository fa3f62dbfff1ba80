"""Keys with their certificates."""

from __future__ import annotations

from typing import Optional, Tuple

from . import _abi
from ._abi import ks
from ._closable import Closable
from ._pin import Pin, PinSource
from .entry import Certificate, certificate_of
from .key import Key


class Identity(Closable):
    """A private key, its certificate and the issuers above it, known to belong together."""

    def __init__(self, handle: _abi.Handle, pin: Optional[PinSource]) -> None:
        super().__init__(handle, pin)
        self._key = Key(_abi.make(ks.ks_identity_key, ks.ks_key_free, handle), pin)
        self._certificates = tuple(
            certificate_of(ks.ks_identity_certificate(handle, i).contents)
            for i in range(ks.ks_identity_certificate_count(handle))
        )

    @property
    def key(self) -> Key:
        """The private key; good after this is closed, too."""
        return self._key

    @property
    def certificate(self) -> Certificate:
        """The leaf, which is the key's."""
        return self._certificates[0]

    @property
    def chain(self) -> Tuple[Certificate, ...]:
        """The issuers, the leaf's first, without the root."""
        return self._certificates[1:]

    def prove(self, timeout: Optional[float] = None) -> None:
        """Signs once and verifies: the key works now, and is the certificate's."""
        _abi.check(ks.ks_identity_prove(self._handle, _abi.milliseconds(timeout)))

    def __repr__(self) -> str:
        return f"<keystore.Identity {self.certificate.subject} {self._key.uri}>"


def identity(
    uri: _abi.Uri,
    pin: Optional[Pin] = None,
    *,
    pin_source: Optional[str] = None,
    certificates: Optional[_abi.Uri] = None,
) -> Identity:
    """The one key that the URI names with its certificates, from the store at the URI `certificates`
    where that is given, else from beside the key. Raises KeyMismatchError where they do not fit."""
    source = PinSource(pin, pin_source)
    handle = _abi.make(
        ks.ks_identity_open,
        ks.ks_identity_free,
        _abi.encoded(uri),
        _abi.encoded_or_none(certificates),
        source.options,
    )
    return Identity(handle, source)
