"""What somebody with the whole database, and without the vault's keys, may do to the audit trail.

Each way is a function of a seeded random and the trail; it changes rows by SQL and gives what was
done, in words. The strongest ones hash everything again, put an old and genuine end back, or
remove the anchors' rows as well.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from django.db import connection

from tenants.append_only import guards, unguards
from tenants.domain.audit_chain import FIRST_LINK, digest_of, link_of
from tenants.models import AuditAnchor, AuditEvent, AuditHead, AuditPayload

EVENT, PAYLOAD = "tenants_auditevent", "tenants_auditpayload"
HEAD, ANCHOR = "tenants_audithead", "tenants_auditanchor"


@dataclass
class Trail:
    """The untouched trail: its length, that of the latest exported anchor, and ends from before."""

    events: int
    anchored: int
    heads: list[tuple[int, str, str]] = field(default_factory=list)

    def position(self, random: Random) -> int:
        """Somewhere before the latest anchor, the edges more often than by chance."""
        edges = (1, self.anchored)
        return random.choice(edges) if random.random() < 0.1 else random.randint(1, self.anchored)


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def open_doors() -> None:
    """As the owner of the tables: the triggers go."""
    for statement in unguards(connection.vendor):
        sql(statement)


def by_force(statement: str) -> None:
    """Past the triggers, which are put back."""
    open_doors()
    sql(statement)
    for each in guards(connection.vendor):
        sql(each)


def at(position: int) -> AuditEvent:
    return AuditEvent.objects.select_related("payload").get(position=position)


def hash_again(start: int) -> None:
    """Payloads' digests and all links from here on, and the end: all but the seals."""
    previous = at(start - 1).link if start > 1 else FIRST_LINK
    chain = AuditEvent.objects.filter(position__gte=start).select_related("payload")
    position = start - 1
    for event in list(chain.order_by("position")):
        position += 1
        digest = event.digest
        if event.kept is not None:
            digest = digest_of(event.kept.salt, event.kept.facts())
        event.digest = digest
        previous = link_of(previous, position, event.pk, event.mac, event.facts())
        sql(
            f"UPDATE {EVENT} SET position = %s, digest = %s, link = %s WHERE id = %s",
            *(position, digest, previous, event.pk),
        )
    sql(f"UPDATE {HEAD} SET position = %s, link = %s", position, previous)


EVENT_EDITS: dict[str, Callable[[Random, AuditEvent], Any]] = {
    "at": lambda r, e: e.at.replace(microsecond=(e.at.microsecond + r.randint(1, 999)) % 1_000_000),
    "customer_id": lambda r, e: None if e.customer_id else 1,
    "action": lambda r, e: r.choice(["nothing.done", e.action + " ", e.action.upper()]),
    "digest": lambda r, e: secrets.token_hex(32),
    "erases": lambda r, e: f"{e.erases},{r.randint(1, 99)}".lstrip(","),
    "mac": lambda r, e: e.mac[:-1] + ("0" if e.mac[-1] != "0" else "1"),
    "link": lambda r, e: secrets.token_hex(32),
    "position": lambda r, e: 10_000_000 + r.randint(1, 1000),
    "id": lambda r, e: 20_000_000 + r.randint(1, 1000),
}
PAYLOAD_EDITS: dict[str, Callable[[Random, AuditPayload], Any]] = {
    "customer_id": lambda r, p: None if p.customer_id else 1,
    "salt": lambda r, p: secrets.token_hex(16),
    "actor_id": lambda r, p: (p.actor_id or 0) + r.randint(1, 5),
    "actor_email": lambda r, p: "somebody.else@msp.example",
    "subject": lambda r, p: p.subject + r.choice([" ", "x", "2"]),
    "detail": lambda r, p: json.dumps({**json.loads(p.detail), "calls": r.randint(10**6, 10**7)}),
    "request_id": lambda r, p: secrets.token_hex(16),
}


def edit_event(column: str) -> Callable[[Random, Trail], str]:
    def do(random: Random, trail: Trail) -> str:
        event = at(trail.position(random))
        value = EVENT_EDITS[column](random, event)
        if column == "id" and event.kept is not None:
            sql(f"UPDATE {PAYLOAD} SET event_id = %s WHERE event_id = %s", value, event.pk)
        sql(f"UPDATE {EVENT} SET {column} = %s WHERE id = %s", value, event.pk)
        return f"event {event.position}: {column}"

    return do


def edit_payload(column: str, *, again: bool = False) -> Callable[[Random, Trail], str]:
    def do(random: Random, trail: Trail) -> str:
        event = with_payload(random, trail)
        value = PAYLOAD_EDITS[column](random, event.payload)
        sql(f"UPDATE {PAYLOAD} SET {column} = %s WHERE event_id = %s", value, event.pk)
        if again:
            hash_again(event.position or 0)
        return f"payload of event {event.position}: {column}"

    return do


def with_payload(random: Random, trail: Trail) -> AuditEvent:
    while (event := at(trail.position(random))).kept is None:
        pass
    return event


def remove(event: AuditEvent) -> None:
    sql(f"DELETE FROM {PAYLOAD} WHERE event_id = %s", event.pk)
    sql(f"DELETE FROM {EVENT} WHERE id = %s", event.pk)


def delete(random: Random, trail: Trail) -> str:
    first = trail.position(random)
    last = min(trail.anchored, first + random.choice([0, 0, 1, 20]))
    for position in range(first, last + 1):
        remove(at(position))
    return f"events {first} to {last} deleted"


def delete_and_hash_again(random: Random, trail: Trail) -> str:
    event = at(trail.position(random))
    remove(event)
    hash_again(event.position or 0)
    return f"event {event.position} deleted, the rest hashed again"


def delete_payload(random: Random, trail: Trail) -> str:
    event = with_payload(random, trail)
    sql(f"DELETE FROM {PAYLOAD} WHERE event_id = %s", event.pk)
    return f"payload of event {event.position} deleted"


def feign_erasure(random: Random, trail: Trail) -> str:
    """With an event that says so, left for the portal to link: right in all but its seal."""
    event = with_payload(random, trail)
    sql(f"DELETE FROM {PAYLOAD} WHERE event_id = %s", event.pk)
    model = AuditEvent.objects.exclude(erases="").latest("pk")
    made = insert(model, position=None, link="", erases=str(event.pk))
    salt = secrets.token_hex(16)
    digest = digest_of(salt, AuditPayload.objects.get(event=made).facts())
    sql(f"UPDATE {PAYLOAD} SET salt = %s WHERE event_id = %s", salt, made.pk)
    sql(f"UPDATE {EVENT} SET digest = %s WHERE id = %s", digest, made.pk)
    return f"payload of event {event.position} deleted, an erasure feigned"


def insert(model: AuditEvent, **values: Any) -> AuditEvent:
    """A copy of an event with a payload of the same contents; pk as the database gives it."""
    fields = {
        name: getattr(model, name)
        for name in ("at", "customer_id", "action", "digest", "erases", "mac", "position", "link")
    }
    event = AuditEvent.objects.create(**(fields | values))
    kept = model.kept
    if kept is not None:
        names = ("customer_id", "salt", "actor_id", "actor_email", "subject", "detail")
        AuditPayload.objects.create(event=event, **{name: getattr(kept, name) for name in names})
    return event


def insert_within(random: Random, trail: Trail) -> str:
    """All behind it move up by one, and everything is hashed again."""
    position = trail.position(random)
    model = at(position)
    sql(f"UPDATE {EVENT} SET position = -position - 1 WHERE position >= %s", position)
    sql(f"UPDATE {EVENT} SET position = -position WHERE position < 0")
    insert(model, position=position)
    hash_again(position)
    return f"an event inserted at {position}"


def insert_at_no_place(random: Random, trail: Trail) -> str:
    position = random.choice([0, -1, -random.randint(2, 99)])
    insert(at(trail.position(random)), position=position)
    return f"an event inserted at {position}"


def insert_unlinked(random: Random, trail: Trail) -> str:
    """For the portal to link: a genuine event once more, or one whose action was changed."""
    model = at(trail.position(random))
    changed = {"action": "job.approved"} if random.random() < 0.5 else {}
    insert(model, position=None, link="", **changed)
    return f"event {model.position} inserted once more, not linked"


def swap(random: Random, trail: Trail) -> str:
    one = random.randint(1, trail.anchored - 1)
    two = random.choice([one + 1, random.randint(one + 1, trail.anchored)])
    first, second = at(one), at(two)
    links = random.random() < 0.5
    sql(f"UPDATE {EVENT} SET position = NULL WHERE id = %s", first.pk)
    for event, other in ((second, first), (first, second)):
        link = other.link if links else event.link
        sql(
            f"UPDATE {EVENT} SET position = %s, link = %s WHERE id = %s",
            *(other.position, link, event.pk),
        )
    return f"events {one} and {two} swapped"


def swap_and_hash_again(random: Random, trail: Trail) -> str:
    words = swap(random, trail)
    hash_again(int(words.split()[1]))
    return f"{words}, hashed again"


def swap_payloads(random: Random, trail: Trail) -> str:
    first, second = with_payload(random, trail), with_payload(random, trail)
    while second.pk == first.pk:
        second = with_payload(random, trail)
    spare = 30_000_000
    for event, to in ((first.pk, spare), (second.pk, first.pk), (spare, second.pk)):
        sql(f"UPDATE {PAYLOAD} SET event_id = %s WHERE event_id = %s", to, event)
    return f"payloads of events {first.position} and {second.position} swapped"


def cut(trail: Trail, after: int) -> None:
    sql(
        f"DELETE FROM {PAYLOAD} WHERE event_id IN (SELECT id FROM {EVENT} WHERE position > %s)",
        after,
    )
    sql(f"DELETE FROM {EVENT} WHERE position > %s OR position IS NULL", after)


def truncate(random: Random, trail: Trail) -> str:
    after = trail.position(random) - 1
    cut(trail, after)
    return f"cut off after event {after}"


def truncate_with_end(random: Random, trail: Trail) -> str:
    """The end is put there too, under the seal it had."""
    after = trail.position(random) - 1
    link = at(after).link if after else FIRST_LINK
    cut(trail, after)
    sql(f"UPDATE {HEAD} SET position = %s, link = %s", after, link)
    return f"cut off after event {after}, the end put there"


def truncate_to_an_old_end(random: Random, trail: Trail, *, anchors: bool = True) -> str:
    """As a backup of the whole database would have it: genuine, only too old."""
    old = [head for head in trail.heads if head[0] < trail.anchored]
    position, link, mac = random.choice(old)
    cut(trail, position)
    sql(f"UPDATE {HEAD} SET position = %s, link = %s, mac = %s", position, link, mac)
    if anchors:
        sql(f"DELETE FROM {ANCHOR} WHERE events > %s", position)
    return f"put back to what it was at event {position}"


def everything_anew(random: Random, trail: Trail) -> str:
    """No trail, no end, no anchor: as if it were the first day."""
    cut(trail, 0)
    sql(f"DELETE FROM {HEAD}")
    sql(f"DELETE FROM {ANCHOR}")
    return "everything removed"


def anchor_moved(random: Random, trail: Trail) -> str:
    """An event is changed, all is hashed again, the anchors' rows are told so."""
    words = edit_payload("detail", again=True)(random, trail)
    for row in AuditAnchor.objects.all():
        sql(f"UPDATE {ANCHOR} SET link = %s WHERE id = %s", at(row.events).link, row.pk)
    return f"{words}, hashed again, anchors' rows too"


def anchor_removed(random: Random, trail: Trail) -> str:
    row = random.choice(list(AuditAnchor.objects.all()))
    sql(f"DELETE FROM {ANCHOR} WHERE id = %s", row.pk)
    return f"row of the anchor at event {row.events} removed"


def end_removed(random: Random, trail: Trail) -> str:
    sql(f"DELETE FROM {HEAD}")
    delete_and_hash_again(random, trail)
    return "an event deleted, the end's row too"


WAYS: dict[str, Callable[[Random, Trail], str]] = {
    **{f"event: {name} edited": edit_event(name) for name in EVENT_EDITS},
    **{f"payload: {name} edited": edit_payload(name) for name in PAYLOAD_EDITS},
    "payload edited, hashed again": edit_payload("subject", again=True),
    "events deleted": delete,
    "event deleted, hashed again": delete_and_hash_again,
    "payload deleted": delete_payload,
    "payload deleted, erasure feigned": feign_erasure,
    "event inserted, hashed again": insert_within,
    "event inserted at no place": insert_at_no_place,
    "event inserted, not linked": insert_unlinked,
    "events swapped": swap,
    "events swapped, hashed again": swap_and_hash_again,
    "payloads swapped": swap_payloads,
    "cut off": truncate,
    "cut off, end put there": truncate_with_end,
    "put back to an old state": truncate_to_an_old_end,
    "put back but for anchors' rows": partial(truncate_to_an_old_end, anchors=False),
    "everything removed": everything_anew,
    "hashed again, anchors' rows too": anchor_moved,
    "anchor's row removed": anchor_removed,
    "event deleted, end's row removed": end_removed,
}


def ends() -> tuple[int, str, str]:
    """The end as it is now, for somebody to keep and put back later."""
    row = AuditHead.objects.get()
    return row.position, row.link, row.mac
