"""What an API token looks like: a known beginning, 256 random bits, and a checksum.

By beginning and checksum a scanner tells a token in a file or a log from any other text, and a
typing mistake is refused without a look at the database. Only letters, digits and an underscore,
so that a double click takes all of it.
"""

import re
import secrets
import string
from zlib import crc32

PREFIX = "mspapi_"
MAX_DAYS = 365
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 43, 6  # 62 ** 43 > 2 ** 256, and 62 ** 6 > 2 ** 32
_SHAPE = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{_RANDOM}}})([0-9A-Za-z]{{{_CHECK}}})")


def new_token() -> str:
    """A token that nobody has, 56 characters."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"{PREFIX}{body}{_checksum(body)}"


def is_well_formed(text: str) -> bool:
    """Whether a text might be a token: its shape and its checksum are right."""
    match = _SHAPE.fullmatch(text)
    return match is not None and _checksum(match[1]) == match[2]


def _checksum(body: str) -> str:
    """CRC-32 of the random part in base 62."""
    number, digits = crc32(body.encode()), ""
    for _ in range(_CHECK):
        number, rest = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[rest] + digits
    return digits
