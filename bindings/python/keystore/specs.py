"""What a key can be asked."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Optional, Sequence, Union

from . import _abi
from .errors import InvalidArgumentError


class SignatureScheme(IntEnum):
    """IANA TLS SignatureScheme (RFC 8446, 4.2.3)."""

    rsa_pkcs1_sha1 = 0x0201
    ecdsa_sha1 = 0x0203
    rsa_pkcs1_sha256 = 0x0401
    ecdsa_secp256r1_sha256 = 0x0403
    rsa_pkcs1_sha384 = 0x0501
    ecdsa_secp384r1_sha384 = 0x0503
    rsa_pkcs1_sha512 = 0x0601
    ecdsa_secp521r1_sha512 = 0x0603
    rsa_pss_rsae_sha256 = 0x0804
    rsa_pss_rsae_sha384 = 0x0805
    rsa_pss_rsae_sha512 = 0x0806
    ed25519 = 0x0807
    ed448 = 0x0808
    rsa_pss_pss_sha256 = 0x0809
    rsa_pss_pss_sha384 = 0x080A
    rsa_pss_pss_sha512 = 0x080B


Scheme = Union[SignatureScheme, str, int]

_digests = (
    "none", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-224", "sha3-256", "sha3-384",
    "sha3-512", "sha512-224", "sha512-256",
)  # fmt: skip
_algorithms = ("rsa_pkcs1", "rsa_pss", "rsa_raw", "ecdsa", "eddsa")
_inputs = ("message", "digest", "digest_info", "raw")
_encryptions = ("rsa_pkcs1", "rsa_oaep", "rsa_raw")


def scheme_number(scheme: Scheme) -> int:
    """The number of a scheme that is given by name or number."""
    if isinstance(scheme, str):
        if scheme not in SignatureScheme.__members__:
            known = ", ".join(SignatureScheme.__members__)
            raise InvalidArgumentError(f"no signature scheme is called '{scheme}'", f"known: {known}")
        return SignatureScheme[scheme].value
    if not 0 <= scheme <= 0xFFFF:
        raise InvalidArgumentError(f"no signature scheme has number {scheme}")
    return int(scheme)


@dataclass(frozen=True)
class SignSpec:
    """All that can be said of a signature."""

    algorithm: str  #: "rsa_pkcs1", "rsa_pss", "rsa_raw", "ecdsa", "eddsa"
    digest: Optional[str] = "sha256"  #: "sha1" … "sha512", "sha3-256", "sha512-256"; None for eddsa
    input: str = "digest"  #: what is handed over: "message", "digest", "digest_info", "raw"
    mgf_digest: Optional[str] = None  #: PSS; None: same as digest
    salt_length: Optional[int] = None  #: PSS, octets; None: the digest's size
    context: bytes = b""  #: Ed25519ctx, Ed448 (RFC 8032)

    def flat(self) -> Any:
        """As a ks_sign_spec."""
        return _abi.SignSpec(
            size=ctypes.sizeof(_abi.SignSpec),
            algorithm=_number(_algorithms, self.algorithm, "algorithm"),
            input=_number(_inputs, self.input, "input"),
            digest=_number(_digests, self.digest or "none", "digest"),
            mgf_digest=_number(_digests, self.mgf_digest or "none", "digest"),
            salt_length=-1 if self.salt_length is None else self.salt_length,
            context=self.context,
            context_size=len(self.context),
        )


@dataclass(frozen=True)
class DecryptSpec:
    """How something was encrypted."""

    encryption: str = "rsa_oaep"  #: "rsa_pkcs1", "rsa_oaep", "rsa_raw"
    digest: str = "sha256"  #: OAEP
    mgf_digest: Optional[str] = None  #: OAEP; None: same as digest
    label: bytes = b""  #: OAEP

    def flat(self) -> Any:
        """As a ks_decrypt_spec."""
        return _abi.DecryptSpec(
            size=ctypes.sizeof(_abi.DecryptSpec),
            encryption=_number(_encryptions, self.encryption, "encryption"),
            digest=_number(_digests, self.digest, "digest"),
            mgf_digest=_number(_digests, self.mgf_digest or "none", "digest"),
            label=self.label,
            label_size=len(self.label),
        )


def _number(names: Sequence[str], name: str, what: str) -> int:
    if name not in names:
        raise InvalidArgumentError(f"no {what} is called '{name}'", f"known: {', '.join(names)}")
    return names.index(name)
