"""What the audit trail's chain hashes: pure functions of an event's and its payload's values.

    payload --salted hash--> digest \
    at, customer, action, erases ----> content --keyed--> mac
    previous link, position, id, content, mac --> link --> the next event's link

Who can write to the database but has no key can neither make an event (mac), nor put the chain's
end elsewhere (the keyed head), nor change what an exported anchor has seen.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

FIRST_LINK = "0" * 64


@dataclass(frozen=True, slots=True)
class PayloadFacts:
    """What may have to be erased: who did it, to what, and how it changed (`detail` is JSON)."""

    customer: int | None
    actor: int | None
    actor_email: str
    subject: str
    detail: str
    request_id: str


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What stays; `digest` stands for the payload, `erases` lists ids of events with commas."""

    at: datetime
    customer: int | None
    action: str
    digest: str
    erases: str = ""

    def content(self) -> list[object]:
        """As plain values, the time in UTC."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return [at, self.customer, self.action, self.digest, self.erases]


def canonical(*parts: object) -> bytes:
    """The same bytes for the same values, and other bytes for any others."""
    return json.dumps(parts, separators=(",", ":"), sort_keys=True).encode()


def digest_of(salt: str, facts: PayloadFacts) -> str:
    """Hash of a payload; without the salt, which goes with the payload, nothing can be guessed."""
    values = [getattr(facts, name) for name in facts.__slots__]
    return hashlib.sha256(canonical("payload", salt, values)).hexdigest()


def link_of(previous: str, position: int, pk: int, mac: str, facts: EventFacts) -> str:
    """The link of the event at this position (from 1) behind the one whose link is `previous`."""
    values = canonical("link", previous, position, pk, mac, facts.content())
    return hashlib.sha256(values).hexdigest()


def erased_ids(text: str) -> list[int]:
    """Ids of the events whose payloads an event says it has erased; raises ValueError."""
    return [int(part) for part in text.split(",") if part]
