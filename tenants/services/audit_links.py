"""Linking events into the one chain, after their commit and in the order of commits.

Linking in the transaction of the change would make every change wait for every other. So an event
is committed first, under a seal of its own, and linked a moment later under the lock of the head
row. If the process dies in between, the next change, the beat or a verification links it.
"""

import logging
from collections.abc import Iterator

from django.db import transaction

from tenants import seals
from tenants.domain.audit_chain import FIRST_LINK, link_of
from tenants.models import AuditAnchor, AuditEvent, AuditHead
from tenants.row_security import everything
from tenants.seals import Verdict

logger = logging.getLogger(__name__)
_HEAD = 1
_BATCH = 500


class HeadBroken(Exception):
    """The chain's end is not as the portal left it; str() says how. Nothing is linked to it."""


def link_on_commit() -> None:
    """Link once the current transaction is committed; a failure is logged, the beat tries again."""
    transaction.on_commit(link_quietly, robust=True)


def link_events() -> int:
    """Link every event that is committed and sealed by the portal; gives how many. HeadBroken."""
    with everything():
        linked = 0
        while AuditEvent.objects.filter(position=None).exists() and (batch := _link_batch()):
            linked += batch
        return linked


def head() -> AuditHead | None:
    """The chain's end as stored; not checked."""
    return AuditHead.objects.filter(pk=_HEAD).first()


def seal_of(position: int, link: str) -> str:
    """The seal of a chain's end."""
    return seals.seal("head", position, link)


def verdict_on(row: AuditHead) -> Verdict:
    """Whether the portal itself has put the end there."""
    return seals.check(row.mac, "head", row.position, row.link)


def locked_head() -> AuditHead:
    """The end of the chain, locked; made for an empty trail. Raises HeadBroken."""
    row = AuditHead.objects.select_for_update().filter(pk=_HEAD).first()
    if row is None:
        if (
            AuditEvent.objects.filter(position__isnull=False).exists()
            or AuditAnchor.objects.exists()
        ):
            raise HeadBroken("The row with the chain's end is gone.")
        start = {"position": 0, "link": FIRST_LINK, "mac": seal_of(0, FIRST_LINK)}
        AuditHead.objects.bulk_create([AuditHead(pk=_HEAD, **start)], ignore_conflicts=True)
        row = AuditHead.objects.select_for_update().get(pk=_HEAD)
    verdict = verdict_on(row)
    if verdict is Verdict.FORGED:
        raise HeadBroken("The row with the chain's end was changed.")
    if verdict is Verdict.UNKNOWN_KEY:
        raise HeadBroken(f"The chain's end is {verdict.value}.")
    return row


def replace_head(last: AuditEvent | None) -> AuditHead:
    """Put the chain's end behind this event, whatever it was."""
    position, link = (last.position or 0, last.link) if last else (0, FIRST_LINK)
    AuditHead.objects.filter(pk=_HEAD).delete()
    return AuditHead.objects.create(
        pk=_HEAD, position=position, link=link, mac=seal_of(position, link)
    )


@transaction.atomic
def _link_batch() -> int:
    end = locked_head()
    linked = []
    for event in _genuine():
        end.position += 1
        event.position = end.position
        event.link = end.link = link_of(
            end.link, event.position, event.pk, event.mac, event.facts()
        )
        linked.append(event)
        if len(linked) == _BATCH:
            break
    if linked:
        AuditEvent.objects.bulk_update(linked, ["position", "link"], batch_size=100)
        end.mac = seal_of(end.position, end.link)
        end.save()
    return len(linked)


def _genuine() -> Iterator[AuditEvent]:
    """Events that wait, without those that the portal has not written; `verify` names these."""
    for event in AuditEvent.objects.filter(position=None).order_by("pk").iterator(_BATCH):
        verdict = seals.check(event.mac, "event", *event.facts().content())
        if verdict is Verdict.GENUINE:
            yield event
        else:
            logger.error("audit event %s is not linked: its seal is %s", event.pk, verdict.value)


def link_quietly() -> None:
    """Link what waits; what keeps it from doing so is logged, and named by a verification."""
    try:
        link_events()
    except HeadBroken as broken:
        logger.error("the audit trail is not continued: %s", broken)
