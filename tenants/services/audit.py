"""The audit trail: who did what, in the transaction of the change itself."""

from typing import Any

from tenants.models import AuditEvent, Customer, User


def record(
    action: str, *, by: User | None, customer: Customer | None, subject: object, **detail: Any
) -> None:
    """Append to the audit trail; call it inside the transaction of the change."""
    AuditEvent.objects.create(
        actor=by, customer=customer, action=action, subject=str(subject)[:200], detail=detail
    )
