"""Private keys and certificates, wherever they live: files, tokens, identities of a configuration.

    import keystore

    with keystore.open("pkcs11:token=prod", pin=ask) as store:
        for entry in store.entries(kind="private-key"):
            print(entry.uri)

    key = keystore.key("pkcs11:token=prod;object=web", pin="1234")
    signature = key.sign("ecdsa_secp256r1_sha256", b"message")

    context = keystore.ssl_context(keystore.identity("keystore:web"), purpose="server")

Every failure is a KeystoreError, of a class for each error code. Everything here may be used from
any thread, and lets other threads run while a token works.
"""

from ._abi import ks as _ks
from ._pin import Pin, PinRequest
from .entry import Certificate, Entries, Entry, KeyInfo
from .errors import (
    AccessDeniedError,
    AlreadyExistsError,
    AmbiguousError,
    CancelledError,
    Cause,
    ErrorCode,
    InternalError,
    InvalidArgumentError,
    IoError,
    KeyMismatchError,
    KeystoreError,
    MalformedError,
    NotFoundError,
    NotTrustedError,
    PinIncorrectError,
    PinLockedError,
    PinRequiredError,
    RefusedByPolicyError,
    TimedOutError,
    UnavailableError,
    UnsupportedError,
)
from .identity import Identity, identity
from .key import Key, key
from .specs import DecryptSpec, SignatureScheme, SignSpec
from .rotator import RotationReport, Rotator
from .store import Store, open
from .tls import ssl_context
from .verification import (
    Finding,
    Fix,
    OpensslVerdict,
    Report,
    SecondOpinion,
    TargetReport,
    Verdict,
    check,
    verify,
)

__version__: str = _ks.ks_version().decode()

__all__ = [
    "AccessDeniedError",
    "AlreadyExistsError",
    "AmbiguousError",
    "CancelledError",
    "Cause",
    "Certificate",
    "DecryptSpec",
    "Entries",
    "Entry",
    "ErrorCode",
    "Finding",
    "Fix",
    "Identity",
    "InternalError",
    "InvalidArgumentError",
    "IoError",
    "Key",
    "KeyInfo",
    "KeyMismatchError",
    "KeystoreError",
    "MalformedError",
    "NotFoundError",
    "NotTrustedError",
    "OpensslVerdict",
    "Pin",
    "PinIncorrectError",
    "PinLockedError",
    "PinRequest",
    "PinRequiredError",
    "RefusedByPolicyError",
    "Report",
    "RotationReport",
    "Rotator",
    "SecondOpinion",
    "SignSpec",
    "SignatureScheme",
    "Store",
    "TargetReport",
    "TimedOutError",
    "UnavailableError",
    "UnsupportedError",
    "Verdict",
    "check",
    "identity",
    "key",
    "open",
    "ssl_context",
    "verify",
]
