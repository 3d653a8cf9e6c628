"""Keeping secrets out of what is printed: values that do not show themselves, frames that are left.

A traceback may be printed with the local variables of each frame (crash pages, error reporters).
So a secret travels as a `Secret`, and where it has to be bare the frames end at `hides_frames`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Generic, NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", str, bytes)


class Secret(Generic[T]):
    """A text (or bytes) that shows itself to `reveal` only: not printed, formatted or pickled."""

    __slots__ = ("_text",)

    def __init__(self, text: "T | Secret[T]") -> None:
        self._text: T = text.reveal() if isinstance(text, Secret) else text

    def reveal(self) -> T:
        """The text itself; never store, show or log it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Secret(...)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        """No copy of it is written anywhere."""
        raise TypeError("A secret is not serialised.")


def hides_frames(function: Callable[P, R]) -> Callable[P, R]:
    """Errors leave the function without the frames in it, nor the errors that led to them."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - it is raised again
            # The arguments are this frame's own variables.
            del args, kwargs
            error.__cause__ = error.__context__ = None
            raise error.with_traceback(None) from None

    return called
