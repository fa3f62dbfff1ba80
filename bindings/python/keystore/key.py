"""Private keys, wherever they are."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, List, Optional, Union

from . import _abi
from ._abi import ks
from ._closable import Closable
from ._pin import Pin, PinSource
from .entry import Entry, entry_of
from .specs import DecryptSpec, Scheme, SignatureScheme, SignSpec, scheme_number

if TYPE_CHECKING:
    from .x509 import PrivateKey


class Key(Closable):
    """A private key that may live outside this process. Any thread; other threads run meanwhile.

    Operations may ask for a PIN and wait for a touch on the token. `timeout`, in seconds, bounds
    waiting and retries; None is the library's default, 2 s.
    """

    def __init__(self, handle: _abi.Handle, pin: Optional[PinSource]) -> None:
        super().__init__(handle, pin)
        self._entry = entry_of(ks.ks_key_entry(handle).contents)

    @property
    def entry(self) -> Entry:
        """Everything known about the key."""
        return self._entry

    @property
    def uri(self) -> str:
        """Canonical, without PIN."""
        return self._entry.uri

    @property
    def label(self) -> str:
        """May be empty, and may repeat in a store."""
        return self._entry.label

    @property
    def type(self) -> str:
        """ "rsa", "ec", "ed25519", "ed448", "x25519", "x448", "dsa" or "other"."""
        return self._entry.key.type if self._entry.key else "other"

    @property
    def public_key(self) -> Optional[bytes]:
        """SubjectPublicKeyInfo in DER; None where the store shows none."""
        return (self._entry.key.spki or None) if self._entry.key else None

    @property
    def schemes(self) -> List[SignatureScheme]:
        """What the key signs with, best first."""
        count = ctypes.c_size_t()
        handle = self._handle
        first = ks.ks_key_schemes(handle, ctypes.byref(count))
        return [SignatureScheme(first[i]) for i in range(count.value)]

    def sign(self, scheme: Scheme, data: bytes, timeout: Optional[float] = None) -> bytes:
        """Signs `data`, hashing it as the scheme says.

        ECDSA signatures are DER (RFC 3279, 2.2.3). Raises InvalidArgumentError for a scheme that is
        not among `schemes`.
        """
        message = _abi.octets(data)
        return _abi.fill(
            ks.ks_key_sign,
            self._handle,
            scheme_number(scheme),
            message,
            len(message),
            _abi.milliseconds(timeout),
        )

    def can_sign(self, spec: SignSpec) -> bool:
        """Whether the key makes such signatures, as far as known without asking its store."""
        return bool(ks.ks_key_can_sign(self._handle, spec.flat()))

    def sign_digest(self, spec: SignSpec, digest: bytes, timeout: Optional[float] = None) -> bytes:
        """Signs what `spec.input` says: a digest, a message, or a padding of one's own."""
        return self._run(ks.ks_key_sign_digest, spec, digest, timeout)

    def decrypt(
        self, spec: DecryptSpec, ciphertext: bytes, timeout: Optional[float] = None
    ) -> bytes:
        """RSA decryption. Raises MalformedError where it does not decrypt."""
        return self._run(ks.ks_key_decrypt, spec, ciphertext, timeout)

    def derive(self, peer: bytes, timeout: Optional[float] = None) -> bytes:
        """The raw secret shared with `peer`, a SubjectPublicKeyInfo in DER (SEC 1, 3.3.1; RFC 7748)."""
        spki = _abi.octets(peer)
        return _abi.fill(
            ks.ks_key_derive, self._handle, spki, len(spki), _abi.milliseconds(timeout)
        )

    def to_cryptography(self) -> "PrivateKey":
        """This key for the `cryptography` package, which must be installed: signs certificates and
        requests (CertificateBuilder.sign). RSA, EC and Ed25519; else UnsupportedError."""
        from .x509 import private_key

        return private_key(self)

    def __repr__(self) -> str:
        return f"<keystore.Key {self.type} {self.uri}>"

    def _run(
        self,
        function: "ctypes._NamedFuncPointer",
        spec: Union[SignSpec, DecryptSpec],
        data: bytes,
        timeout: Optional[float],
    ) -> bytes:
        given = _abi.octets(data)
        return _abi.fill(
            function, self._handle, spec.flat(), given, len(given), _abi.milliseconds(timeout)
        )


def key(uri: _abi.Uri, pin: Optional[Pin] = None, *, pin_source: Optional[str] = None) -> Key:
    """The one private key that the URI names, as keystore.open() does the store."""
    source = PinSource(pin, pin_source)
    handle = _abi.make(ks.ks_key_open, ks.ks_key_free, _abi.encoded(uri), source.options)
    return Key(handle, source)
