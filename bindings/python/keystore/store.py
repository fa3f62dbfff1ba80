"""Stores: files, folders, tokens, the system's trust."""

from __future__ import annotations

import ctypes
from typing import Any, Optional, Union

from . import _abi
from ._abi import ks
from ._closable import Closable
from ._pin import Pin, PinSource
from .entry import KINDS, Entries, entry_of
from .errors import InvalidArgumentError
from .identity import Identity
from .key import Key


class Store(Closable):
    """Anything that holds keys or certificates. Any thread; other threads run meanwhile.

    What to look for is said alike everywhere: `kind` ("private-key", "public-key", "certificate",
    "trust-anchor", "secret-key"), `label`, `id` (bytes, or hexadecimal) and `public_key`
    (SubjectPublicKeyInfo in DER). What is given must match.
    """

    @property
    def uri(self) -> str:
        """Canonical, without PIN."""
        return _abi.text(ks.ks_store_uri(self._handle))

    def entries(
        self,
        kind: Optional[str] = None,
        *,
        label: Optional[str] = None,
        id: Union[bytes, str, None] = None,
        public_key: Optional[bytes] = None,
    ) -> Entries:
        """Every matching object; finding none is an empty list."""
        listing = _abi.make(
            ks.ks_store_list, ks.ks_listing_free, self._handle, _query(kind, label, id, public_key)
        )
        found = (ks.ks_listing_entry(listing, i) for i in range(ks.ks_listing_count(listing)))
        skipped = (
            ks.ks_listing_skipped(listing, i) for i in range(ks.ks_listing_skipped_count(listing))
        )
        return Entries(
            [entry_of(each.contents) for each in found],
            [_abi.error_of(each.contents) for each in skipped],
        )

    def key(
        self,
        *,
        label: Optional[str] = None,
        id: Union[bytes, str, None] = None,
        public_key: Optional[bytes] = None,
    ) -> Key:
        """The one private key. Raises NotFoundError, AmbiguousError, RefusedByPolicyError."""
        query = _query(None, label, id, public_key)
        return Key(_abi.make(ks.ks_store_key, ks.ks_key_free, self._handle, query), self._pin)

    def identity(
        self,
        *,
        label: Optional[str] = None,
        id: Union[bytes, str, None] = None,
        public_key: Optional[bytes] = None,
    ) -> Identity:
        """The one private key with its certificate and the issuers that the store holds."""
        query = _query(None, label, id, public_key)
        handle = _abi.make(ks.ks_store_identity, ks.ks_identity_free, self._handle, query)
        return Identity(handle, self._pin)

    def __repr__(self) -> str:
        return "<keystore.Store closed>" if self._open is None else f"<keystore.Store {self.uri}>"


def open(uri: _abi.Uri, pin: Optional[Pin] = None, *, pin_source: Optional[str] = None) -> Store:
    """Opens what the URI names: PATH, file:, pfx:, system:, pkcs11:, keystore:NAME.

    `pin` is the PIN or passphrase itself, or a callable that is given a PinRequest and returns it, or
    says where it is as `--pin` does: "file:PATH", "cred:NAME", "cmd:PROGRAM ARG", "prompt"; bytes are
    always the PIN itself, and `pin_source` is always a source. One in the URI goes first. Does not
    look for objects yet.
    """
    source = PinSource(pin, pin_source)
    handle = _abi.make(ks.ks_store_open_with, ks.ks_store_free, _abi.encoded(uri), source.options)
    return Store(handle, source)


def _query(
    kind: Optional[str], label: Optional[str], id: Union[bytes, str, None], spki: Optional[bytes]
) -> Any:
    if kind is not None and kind not in KINDS:
        raise InvalidArgumentError(f"no kind is called '{kind}'", f"known: {', '.join(KINDS)}")
    raw = _octets_of(id)
    key = None if spki is None else _abi.octets(spki)
    return _abi.Query(
        size=ctypes.sizeof(_abi.Query),
        kind=0 if kind is None else KINDS.index(kind) + 1,
        label=_abi.encoded_or_none(label),
        id=raw,
        id_size=len(raw or b""),
        public_key=key,
        public_key_size=len(key or b""),
    )


def _octets_of(id: Union[bytes, str, None]) -> Optional[bytes]:
    if id is None or not isinstance(id, str):
        return None if id is None else _abi.octets(id)
    try:
        return bytes.fromhex(id)
    except ValueError:
        raise InvalidArgumentError(
            f"the id '{id}' is not hexadecimal", "give its octets as bytes, or two digits for each"
        ) from None
