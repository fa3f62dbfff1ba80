"""What Store, Key and Identity have in common."""

from __future__ import annotations

from types import TracebackType
from typing import NoReturn, Optional, Type, TypeVar

from . import _abi
from ._pin import PinSource
from .errors import InvalidArgumentError

Self = TypeVar("Self", bound="Closable")


class Closable:
    """Holds a handle of the library until it is closed, left as a context manager, or collected."""

    def __init__(self, handle: _abi.Handle, pin: Optional[PinSource]) -> None:
        self._open: Optional[_abi.Handle] = handle
        self._pin = pin

    @property
    def _handle(self) -> _abi.Handle:
        if self._open is None:
            raise InvalidArgumentError(f"this {type(self).__name__} is closed")
        return self._open

    def __reduce__(self) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"a {name} stays in its process: open it there again by its URI")

    def close(self) -> None:
        """Lets go of it. What came from it stays usable. Any thread, any number of times."""
        self._open = None

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()
