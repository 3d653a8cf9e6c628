"""Initial passwords: made for one request, never stored, never logged."""

import secrets

_ALPHABETS = (
    "ABCDEFGHJKLMNPQRSTUVWXYZ",
    "abcdefghijkmnopqrstuvwxyz",
    "23456789",
    "!#%*+-=?@_",
)
_LENGTH = 32


def initial_password() -> str:
    """A random password of 32 characters with all four classes, within Entra's password policy."""
    everything = "".join(_ALPHABETS)
    drawn = [secrets.choice(alphabet) for alphabet in _ALPHABETS]
    drawn += [secrets.choice(everything) for _ in range(_LENGTH - len(drawn))]
    secrets.SystemRandom().shuffle(drawn)
    return "".join(drawn)
