"""Verifying the audit trail: any edit, deletion, insertion, reordering or truncation is found.

What lies before an exported anchor cannot be changed by anybody who has not also the anchor's file;
what lies behind it, by nobody who has not a key of the vault. The chain is read once, in order of
positions, a batch at a time; a finding never ends it, so that all of them are named.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import Count

from tenants import seals
from tenants.domain.audit_chain import FIRST_LINK, digest_of, erased_ids, link_of
from tenants.models import AuditEvent, AuditHead, AuditPayload
from tenants.row_security import everything
from tenants.seals import Verdict
from tenants.services.audit_anchors import Anchor, check_anchors
from tenants.services.audit_links import HeadBroken, head, link_events, verdict_on

_BATCH = 1000
_LOWEST = -(2**63)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as the portal has written it: where, and what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(slots=True)
class Walk:
    """Where a verification is: how far, the link there, and payloads not yet known to be erased."""

    events: int = 0
    link: str = FIRST_LINK
    unlinked: int = 0
    missing: set[int] = field(default_factory=set)
    anchored: dict[int, set[str]] = field(default_factory=dict)
    anchors: int = 0
    last_anchor: int = 0


def verify(anchors: Iterable[Anchor], walk: Walk) -> Iterator[Finding]:
    """Every finding, as the trail is read; `walk` then says how much of it there was."""
    with everything():
        yield from _linked_first()
        for where, what in check_anchors(anchors, walk.anchored):
            yield Finding(where, what)
        walk.anchors, walk.last_anchor = len(walk.anchored), max(walk.anchored, default=0)
        end = head()
        for event in _in_order(end):
            yield from _linked(event, walk)
        yield from _anchors_beyond(walk)
        yield from _end(end, walk)
        for event in _rest(end):
            yield from _waiting(event, walk, end)
        yield from _remains(walk)


def _linked_first() -> Iterator[Finding]:
    try:
        link_events()
    except HeadBroken:
        return  # said again, with where, at the chain's end
    yield from ()


def _in_order(end: AuditHead | None) -> Iterator[AuditEvent]:
    """Linked events up to the end, a batch at a time; without an end all of them."""
    chain = AuditEvent.objects.filter(position__isnull=False).select_related("payload")
    if end is not None and end.position > 0:
        chain = chain.filter(position__lte=end.position)
    after = _LOWEST
    while batch := list(chain.filter(position__gt=after).order_by("position", "pk")[:_BATCH]):
        yield from batch
        after = batch[-1].position or after


def _rest(end: AuditHead | None) -> Iterator[AuditEvent]:
    """What waits to be linked, and what was linked since the end was read."""
    rows = AuditEvent.objects.select_related("payload").order_by("pk")
    yield from rows.filter(position=None).iterator(_BATCH)
    if end is not None and end.position > 0:
        yield from rows.filter(position__gt=end.position).iterator(_BATCH)


def _linked(event: AuditEvent, walk: Walk) -> Iterator[Finding]:
    position = event.position or 0
    where = f"Event {position} (id {event.pk}, {event.action})"
    if position == walk.events + 1:
        wanted = link_of(walk.link, position, event.pk, event.mac, event.facts())
        if wanted != event.link:
            yield Finding(where, "it, or its place in the chain, was changed")
    elif position > walk.events + 1:
        yield Finding(_span(walk.events + 1, position - 1), "removed from the chain")
    else:
        yield Finding(where, "inserted: this place in the chain is taken or none")
    yield from _payload(event, where, walk)
    walk.events, walk.link = max(walk.events, position), event.link
    for link in walk.anchored.pop(position, ()):
        if link != event.link:
            yield Finding(where, "the chain up to here is not the one the anchor has seen")


def _payload(event: AuditEvent, where: str, walk: Walk) -> Iterator[Finding]:
    payload = event.kept
    if payload is None:
        walk.missing.add(event.pk)
    elif digest_of(payload.salt, payload.facts()) != event.digest:
        yield Finding(where, "its payload (actor, subject, detail) was changed")
    elif payload.customer_id != event.customer_id:
        yield Finding(where, "its payload belongs to another customer")
    if event.erases:
        yield from _erasure(event, where, walk)


def _erasure(event: AuditEvent, where: str, walk: Walk) -> Iterator[Finding]:
    try:
        ids = erased_ids(event.erases)
    except ValueError:
        yield Finding(where, "what it says it has erased is no list of events")
        return
    walk.missing.difference_update(ids)
    for pk in AuditPayload.objects.filter(pk__in=ids).order_by("pk").values_list("pk", flat=True):
        yield Finding(f"Event with id {pk}", f"its payload was erased ({where}), and is back")


def _anchors_beyond(walk: Walk) -> Iterator[Finding]:
    for events in sorted(walk.anchored):
        if events > walk.events:
            yield Finding(_span(walk.events + 1, events), "cut off, an anchor has seen them")
        elif events > 0:
            yield Finding(f"Event {events}", "removed, an anchor has seen it")
        elif walk.anchored[events] != {FIRST_LINK}:
            yield Finding("Beginning of the chain", "not the one the anchor has seen")


def _end(end: AuditHead | None, walk: Walk) -> Iterator[Finding]:
    where = "End of the chain"
    if end is None:
        if walk.events or walk.anchored:
            yield Finding(where, "the row that guards it is gone")
        return
    verdict = verdict_on(end)
    if verdict is Verdict.FORGED:
        yield Finding(where, "the row that guards it was changed")
    elif verdict is Verdict.UNKNOWN_KEY:
        yield Finding(where, verdict.value)
    if end.position > walk.events:
        yield Finding(_span(walk.events + 1, end.position), "cut off, they were linked once")
    elif (end.position, end.link) != (walk.events, walk.link):
        yield Finding(where, "not the event that the portal linked last")


def _waiting(event: AuditEvent, walk: Walk, end: AuditHead | None) -> Iterator[Finding]:
    """An event behind the end that was read: the portal's own, or somebody else's."""
    where = f"Event with id {event.pk} ({event.action})"
    now = head() if event.position is not None else end
    if event.position is not None and (now is None or event.position > now.position):
        yield Finding(where, "linked behind the chain's end")
    if event.position is None:
        walk.unlinked += 1
        verdict = seals.check(event.mac, "event", *event.facts().content())
        if verdict is Verdict.FORGED:
            yield Finding(where, "not written by the portal, or changed before it was linked")
        elif verdict is Verdict.UNKNOWN_KEY:
            yield Finding(where, f"waits to be linked, {verdict.value}")
    yield from _payload(event, where, walk)


def _remains(walk: Walk) -> Iterator[Finding]:
    for pk in sorted(walk.missing):
        yield Finding(f"Event with id {pk}", "its payload is gone, and no erasure says so")
    twice = AuditEvent.objects.order_by().values("digest").annotate(n=Count("pk")).filter(n__gt=1)
    for row in twice.iterator():
        yield Finding(f"Events with the digest {row['digest'][:12]}…", "one is a copy of the other")
    orphans = AuditPayload.objects.exclude(pk__in=AuditEvent.objects.values("pk"))
    for pk in orphans.values_list("pk", flat=True).iterator():
        yield Finding(f"Payload {pk}", "there is no such event")


def _span(first: int, last: int) -> str:
    return f"Event {first}" if first == last else f"Events {first} to {last}"
