"""What stores tell of their objects."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Tuple

from . import _abi
from .errors import KeystoreError

KINDS = ("private-key", "public-key", "certificate", "trust-anchor", "secret-key")
_custodies = ("file", "token", "system")
_key_types = ("rsa", "ec", "ed25519", "ed448", "x25519", "x448", "dsa", "other")


@dataclass(frozen=True)
class Certificate:
    """An X.509 certificate."""

    der: bytes = field(repr=False)
    subject: str  #: RFC 2253
    issuer: str
    serial: str  #: hexadecimal
    not_before: datetime  #: UTC
    not_after: datetime
    sha256: str  #: hexadecimal
    names: Tuple[str, ...]  #: "dns:example.org", "ip:192.0.2.1", "email:a@b", "uri:…"

    def pem(self) -> str:
        """The certificate as a PEM block."""
        return ssl.DER_cert_to_PEM_cert(self.der)


@dataclass(frozen=True)
class KeyInfo:
    """Type and size of a key."""

    type: str  #: "rsa", "ec", "ed25519", "ed448", "x25519", "x448", "dsa", "other"
    bits: int
    curve: str  #: "P-256"; empty where it is none
    spki: bytes = field(repr=False)  #: SubjectPublicKeyInfo in DER; empty where the store shows none
    spki_sha256: str  #: hexadecimal


@dataclass(frozen=True)
class Entry:
    """One object of a store."""

    uri: str
    kind: str  #: one of KINDS
    label: str
    id: str  #: hexadecimal
    custody: str  #: "file", "token", "system"
    extractable: bool
    key: Optional[KeyInfo]  #: of a certificate, its key's
    certificate: Optional[Certificate]
    attributes: Dict[str, str] = field(hash=False)


class Entries(List[Entry]):
    """What was found, and why others were left out: one bad file does not hide the good ones."""

    def __init__(self, found: List[Entry], skipped: List[KeystoreError]) -> None:
        super().__init__(found)
        self.skipped = skipped


def certificate_of(flat: Any) -> Certificate:
    """From a ks_certificate."""
    return Certificate(
        der=flat.der.value(),
        subject=_abi.text(flat.subject),
        issuer=_abi.text(flat.issuer),
        serial=_abi.text(flat.serial),
        not_before=datetime.fromtimestamp(flat.not_before, timezone.utc),
        not_after=datetime.fromtimestamp(flat.not_after, timezone.utc),
        sha256=flat.sha256.value().hex(),
        names=tuple(_abi.text(flat.names[i]) for i in range(flat.name_count)),
    )


def entry_of(flat: Any) -> Entry:
    """From a ks_entry."""
    key = None
    if flat.key_type:
        key = KeyInfo(
            type=_key_types[flat.key_type - 1],
            bits=flat.key_bits,
            curve=_abi.text(flat.key_curve),
            spki=flat.public_key.value(),
            spki_sha256=flat.spki_sha256.value().hex(),
        )
    attributes = (flat.attributes[i] for i in range(flat.attribute_count))
    return Entry(
        uri=_abi.text(flat.uri),
        kind=KINDS[flat.kind - 1],
        label=_abi.text(flat.label),
        id=flat.id.value().hex(),
        custody=_custodies[flat.custody - 1],
        extractable=bool(flat.extractable),
        key=key,
        certificate=certificate_of(flat.certificate.contents) if flat.certificate else None,
        attributes={_abi.text(each.name): _abi.text(each.value) for each in attributes},
    )
