"""The bearer token of one slice: fetched in one place, replaced once when it is refused."""

from collections.abc import Callable


class Bearer:
    """Holds a token; `get(fresh)` fetches one, from the cache or anew, and may raise."""

    def __init__(self, get: Callable[[bool], str]) -> None:
        self._get = get
        self._value = ""
        self._replaced = False

    @property
    def value(self) -> str:
        """The token as last fetched."""
        return self._value

    @property
    def replaceable(self) -> bool:
        """Whether a fresh token is worth a try after a 401: not when the refused one was fresh."""
        return not self._replaced

    def ensure(self) -> None:
        """Fetch or renew the token before calls are made."""
        self._value = self._get(False)

    def replace(self) -> bool:
        """After a 401: get a fresh token, once; False when the fresh one was refused too."""
        if self._replaced:
            return False
        self._value = self._get(True)
        self._replaced = True
        return True

    def worked(self) -> None:
        """A call was accepted: a later 401 is worth a fresh token again."""
        self._replaced = False
