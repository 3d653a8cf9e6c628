"""The daily look at the audit trail: verify all of it, then export an anchor."""

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from tenants.models import AuditCheck, AuditEvent, AuditHead, User
from tenants.row_security import everything
from tenants.services.audit import record
from tenants.services.audit_anchors import NoAnchor, anchors_in, anchors_kept, export_anchor
from tenants.services.audit_checks import Finding, Walk, verify
from tenants.services.audit_links import HeadBroken, locked_head, replace_head
from tenants.services.notices import tell

logger = logging.getLogger(__name__)
_EXAMPLES = 20


class NothingToResume(Exception):
    """The chain's end is as the portal left it."""


def findings_in(folder: Path, walk: Walk) -> Iterator[Finding]:
    """Everything that is wrong with the trail, measured by all anchors; raises NoAnchor."""
    yield from verify([*anchors_kept(), *anchors_in(folder)], walk)


def watch(now: datetime) -> AuditCheck:
    """Verify the trail, note and tell what was found, export an anchor."""
    walk, problems = Walk(), 0
    examples: list[str] = []
    for finding in findings_in(settings.AUDIT_ANCHOR_DIR, walk):
        problems += 1
        if len(examples) < _EXAMPLES:
            examples.append(str(finding)[:300])
        logger.error("audit trail: %s", finding)
    check = _note(now, walk, problems, examples)
    try:
        export_anchor(settings.AUDIT_ANCHOR_DIR, now)
    except (NoAnchor, HeadBroken) as why:
        logger.error("no anchor of the audit trail: %s", why)
    return check


@transaction.atomic
def resume(*, by: User) -> AuditHead:
    """Put the chain's end at its last event after it was changed from outside or its key was lost.

    What verification finds stays to be found; the trail itself says that it was continued.
    """
    with everything():
        try:
            locked_head()
        except HeadBroken as broken:
            last = AuditEvent.objects.filter(position__isnull=False).order_by("position").last()
            row = replace_head(last)
            record("audit.resumed", by=by, customer=None, subject="Audit trail", why=str(broken))
            return row
    raise NothingToResume("The end of the chain is as the portal left it.")


@transaction.atomic
def _note(now: datetime, walk: Walk, problems: int, examples: list[str]) -> AuditCheck:
    before = AuditCheck.objects.first()
    events = walk.events + walk.unlinked
    check = AuditCheck.objects.create(at=now, events=events, problems=problems, examples=examples)
    if problems and (before is None or before.examples != examples):
        facts = {"problems": problems, "events": events}
        tell("audit.broken", customer=None, subject="Audit trail", link="/audit/", **facts)
    return check
