"""Reads of the audit trail; the person asking comes first."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q, QuerySet

from tenants.domain.reach import EVERYWHERE
from tenants.domain.roles import Action
from tenants.models import AuditEvent, Customer, User
from tenants.selectors import customers_for, reach_of


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What is looked for; days are those of UTC, both included."""

    customer: str = ""
    actor: str = ""
    action: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None


def events_for(viewer: User, wanted: TrailFilter) -> QuerySet[AuditEvent]:
    """Events of the customers whose trail this person may see, the newest first.

    Those of no customer (people, prices, the trail itself) belong to who may see all customers'.
    """
    rows = AuditEvent.objects.select_related("customer", "payload")
    if not sees_all(viewer):
        rows = rows.filter(customer__in=customers_for(viewer, Action.SEE_AUDIT))
    return _narrowed(rows, wanted).order_by("-pk")


def customers_in_trail(viewer: User) -> QuerySet[Customer]:
    """Customers to choose from."""
    return customers_for(viewer, Action.SEE_AUDIT)


def actions_in_trail(viewer: User) -> list[str]:
    """What has ever been done, to choose from."""
    rows = events_for(viewer, TrailFilter()).order_by("action")
    return list(rows.values_list("action", flat=True).distinct())


def sees_all(viewer: User) -> bool:
    """Whether this person may see the trail of all customers and of the portal itself."""
    return reach_of(viewer, Action.SEE_AUDIT) == EVERYWHERE


def _narrowed(rows: QuerySet[AuditEvent], wanted: TrailFilter) -> QuerySet[AuditEvent]:
    given = {
        "customer__slug": wanted.customer,
        "action": wanted.action,
        "payload__subject__icontains": wanted.subject,
        "at__gte": _midnight(wanted.since) if wanted.since else None,
        "at__lt": _midnight(wanted.until) + timedelta(days=1) if wanted.until else None,
    }
    rows = rows.filter(**{name: value for name, value in given.items() if value})
    if wanted.actor:
        rows = rows.filter(_by(wanted.actor))
    return rows


def _by(text: str) -> Q:
    """By address or by the name that somebody has now."""
    named = User.objects.filter(name__icontains=text).values("pk")
    return Q(payload__actor_email__icontains=text) | Q(payload__actor_id__in=named)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
