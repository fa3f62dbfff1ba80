"""What goes wrong: one exception for each error code."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, Dict, NamedTuple, Optional, Type


class ErrorCode(str, Enum):
    """What a caller can act on: names as in JSON, numbers as in C."""

    number: int

    def __new__(cls, name: str, number: int) -> "ErrorCode":
        member = str.__new__(cls, name)
        member._value_ = name
        member.number = number
        return member

    def __int__(self) -> int:
        return self.number

    def __str__(self) -> str:
        return str(self.value)

    not_found = ("not_found", 1)
    ambiguous = ("ambiguous", 2)
    unsupported = ("unsupported", 3)
    invalid_argument = ("invalid_argument", 4)
    malformed = ("malformed", 5)
    pin_required = ("pin_required", 6)
    pin_incorrect = ("pin_incorrect", 7)
    pin_locked = ("pin_locked", 8)
    access_denied = ("access_denied", 9)
    key_mismatch = ("key_mismatch", 10)
    not_trusted = ("not_trusted", 11)
    unavailable = ("unavailable", 12)
    internal = ("internal", 13)
    io = ("io", 14)
    already_exists = ("already_exists", 15)
    refused_by_policy = ("refused_by_policy", 16)
    timed_out = ("timed_out", 17)
    cancelled = ("cancelled", 18)


class Cause(NamedTuple):
    """Where a failure was born, say ("pkcs11", "C_Login", 0xA0). For logs, never for branching."""

    subsystem: str
    call: str
    code: int


class KeystoreError(Exception):
    """The base of all errors of this package."""

    code: ClassVar[ErrorCode] = ErrorCode.internal

    def __init__(self, message: str, hint: str = "", cause: Optional[Cause] = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class NotFoundError(KeystoreError):
    """No such object, token, file or name."""

    code = ErrorCode.not_found


class AmbiguousError(KeystoreError):
    """The one object was asked for, and several match; the message lists them."""

    code = ErrorCode.ambiguous


class UnsupportedError(KeystoreError):
    """This build, store or token cannot do it."""

    code = ErrorCode.unsupported


class InvalidArgumentError(KeystoreError):
    """The caller's words are off."""

    code = ErrorCode.invalid_argument


class MalformedError(KeystoreError):
    """The octets are not what they claim to be."""

    code = ErrorCode.malformed


class PinRequiredError(KeystoreError):
    """A PIN or passphrase is needed, and there is no source for it."""

    code = ErrorCode.pin_required


class PinIncorrectError(KeystoreError):
    """The PIN or passphrase was refused."""

    code = ErrorCode.pin_incorrect


class PinLockedError(KeystoreError):
    """The token takes no more tries, or only the last one is left."""

    code = ErrorCode.pin_locked


class AccessDeniedError(KeystoreError):
    """The object or file may not be used that way."""

    code = ErrorCode.access_denied


class KeyMismatchError(KeystoreError):
    """Key and certificate do not belong together."""

    code = ErrorCode.key_mismatch


class NotTrustedError(KeystoreError):
    """There is no path to a trust anchor."""

    code = ErrorCode.not_trusted


class UnavailableError(KeystoreError):
    """The token or service is away; later may work."""

    code = ErrorCode.unavailable


class InternalError(KeystoreError):
    """A fault of the library, or a code below it that is not known."""

    code = ErrorCode.internal


class IoError(KeystoreError):
    """Reading or writing a file failed."""

    code = ErrorCode.io


class AlreadyExistsError(KeystoreError):
    """It would overwrite."""

    code = ErrorCode.already_exists


class RefusedByPolicyError(KeystoreError):
    """A rule of the configuration forbids it."""

    code = ErrorCode.refused_by_policy


class TimedOutError(KeystoreError):
    """The deadline passed."""

    code = ErrorCode.timed_out


class CancelledError(KeystoreError):
    """The caller stopped it."""

    code = ErrorCode.cancelled


_classes: Dict[int, Type[KeystoreError]] = {
    int(each.code): each for each in KeystoreError.__subclasses__()
}


def class_of(number: int) -> Type[KeystoreError]:
    """The exception for a status of the C library."""
    return _classes.get(number, InternalError)
