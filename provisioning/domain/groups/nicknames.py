"""The mailNickname of a group, and how a creation with an unknown end is recognised by it; pure.

Groups have no externalId and their names may repeat, so the nickname is the only mark of ours. It
is made of the group's key, never of its name: a group that is renamed keeps it. Entra takes up to
64 ASCII characters without spaces and @; these are letters, digits and hyphens.
"""

import base64
import hashlib
from collections.abc import Iterable

from provisioning.domain.groups.values import GroupShadow
from provisioning.domain.words import fold_words

LONGEST_NICKNAME = 64
_DIGITS = 12  # base32: 60 bits; 100,000 groups collide with a chance of 4 in a billion


def mail_nickname(key: str, namespace: str) -> str:
    """The nickname of the group with this key; `namespace` names what owns the key, a source.

    Its readable part is cut; the digest at its end tells any two keys and namespaces apart.
    """
    # The length keeps the two parts apart, whatever characters are in them.
    text = f"{len(namespace)}:{namespace}{key}"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    mark = base64.b32encode(digest).decode("ascii").lower()[:_DIGITS]
    words = fold_words(key).replace(" ", "-")[: LONGEST_NICKNAME - _DIGITS - 1].strip("-")
    return f"{words or 'group'}-{mark}"


def recognised(nickname: str, found: Iterable[GroupShadow]) -> list[GroupShadow]:
    """Groups of a lookup by displayName that carry our nickname.

    One is ours; none: look again after a delay, then a person decides; several: a person decides.
    """
    return [group for group in found if group.nickname.casefold() == nickname.casefold()]
