"""PINs and passphrases on their way to the library."""

from __future__ import annotations

import ctypes
import itertools
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union
from weakref import WeakValueDictionary

from . import _abi
from .errors import ErrorCode, InvalidArgumentError


@dataclass(frozen=True)
class PinRequest:
    """Why a PIN or passphrase is asked."""

    what: str  #: "token-pin", "so-pin", "context-pin", "new-pin", "passphrase", "new-passphrase"
    object: str  #: the token's label or the file's path
    prompt: str  #: "PIN for token 'prod' (final try)"
    tries_left: Optional[int]  #: where the token says
    final_try: bool  #: one more refusal locks the token
    serial: str  #: of the token, where others have the same label


Pin = Union[str, bytes, Callable[[PinRequest], Union[str, bytes]]]

# What the words of a source begin with. Taken for a PIN, they would cost a try of the token.
_source_words = ("file:", "fd:", "cred:", "cmd:", "env:", "pass:")

_what = ("token-pin", "so-pin", "context-pin", "new-pin", "passphrase", "new-passphrase")


class PinSource:
    """What the handles that were opened with a PIN keep, so that it can be asked again."""

    def __init__(self, pin: Optional[Pin], pin_source: Optional[str]) -> None:
        if pin is not None and pin_source is not None:
            raise InvalidArgumentError("both pin and pin_source are given", "give one of them")
        if isinstance(pin, str) and (pin == "prompt" or pin.startswith(_source_words)):
            pin, pin_source = None, pin
        self._ask: Optional[Callable[[PinRequest], Union[str, bytes]]] = None
        self.options = _abi.OpenOptions(size=ctypes.sizeof(_abi.OpenOptions))
        if pin_source is not None:
            self.options.secret_source = _abi.encoded(pin_source)
        elif callable(pin):
            self._ask = pin
            number = next(_numbers)
            _sources[number] = self
            self.options.ask = _trampoline
            self.options.user = number
        elif pin is not None:
            secret = _encoded(pin)
            self.options.secret = secret
            self.options.secret_size = len(secret)

    def answer(self, request: Any, reply: int) -> int:
        """Asks the application's callable for the library."""
        assert self._ask is not None
        answer = self._ask(
            PinRequest(
                what=_what[request.what - 1],
                object=_abi.text(request.object),
                prompt=_abi.text(request.prompt),
                tries_left=None if request.tries_left < 0 else request.tries_left,
                final_try=bool(request.final_try),
                serial=_abi.text(request.serial),
            )
        )
        secret = _encoded(answer)
        return int(_abi.ks.ks_secret_answer(reply, secret, len(secret)))


def _encoded(pin: Union[str, bytes]) -> bytes:
    return pin.encode() if isinstance(pin, str) else _abi.octets(pin)


# The library knows a callable by a number: it may ask when the last handle is gone already.
_numbers = itertools.count(1)
_sources: "WeakValueDictionary[int, PinSource]" = WeakValueDictionary()


def _answer(user: int, request: Any, reply: int) -> int:
    source = _sources.get(user)
    if source is None:
        return int(ErrorCode.pin_required)
    try:
        return source.answer(request.contents, reply)
    except BaseException as problem:  # goes on where the library was called: see _abi.check
        _abi.raised.exception = problem
        return int(ErrorCode.cancelled)


_trampoline = _abi.SecretCallback(_answer)
