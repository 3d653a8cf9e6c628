"""The audit trail: who did what, in the transaction of the change itself."""

import json
import secrets
from collections.abc import Iterable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from tenants import request_ids, seals
from tenants.domain.audit_chain import EventFacts, digest_of
from tenants.domain.masking import masked
from tenants.models import AuditEvent, AuditPayload, Customer, User
from tenants.services.audit_links import link_on_commit


def record(
    action: str, *, by: User | None, customer: Customer | None, subject: object, **detail: Any
) -> AuditEvent:
    """Append to the audit trail; call it inside the transaction of the change.

    Secrets in `detail` are masked. The event takes its place in the chain after the commit.
    """
    payload = AuditPayload(
        customer=customer,
        actor=by,
        actor_email=by.email if by else "",
        subject=str(subject)[:200].replace("\0", ""),
        detail=_json(masked(detail)),
        request_id=request_ids.current()[:64],
    )
    return _append(action, payload)


def record_erasure(
    action: str, *, by: User | None, customer: Customer | None, erased: Iterable[int], **detail: Any
) -> AuditEvent:
    """Append that the payloads of these events (by id) are erased, without whom they named."""
    payload = AuditPayload(
        customer=customer,
        actor=by,
        actor_email=by.email if by else "",
        subject="Audit trail",
        detail=_json(masked(detail)),
        request_id=request_ids.current()[:64],
    )
    return _append(action, payload, ",".join(str(pk) for pk in sorted(erased)))


@transaction.atomic
def _append(action: str, payload: AuditPayload, erases: str = "") -> AuditEvent:
    payload.salt = secrets.token_hex(16)
    digest = digest_of(payload.salt, payload.facts())
    facts = EventFacts(timezone.now(), payload.customer_id, action, digest, erases)
    event = AuditEvent.objects.create(
        at=facts.at,
        customer=payload.customer,
        action=action,
        digest=digest,
        erases=erases,
        mac=seals.seal("event", *facts.content()),
    )
    payload.event = event
    payload.save(force_insert=True)
    link_on_commit()
    return event


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, cls=DjangoJSONEncoder)
