"""Moments on a customer's clock, and what a blackout is doing now."""

from datetime import UTC, datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from provisioning.domain.blackouts import Dated, in_blackout
from provisioning.domain.local_time import clock
from provisioning.models import Blackout
from tenants.models import Tenant

register = template.Library()


@register.filter
def local(moment: datetime | None, tenant: Tenant) -> SafeString | str:
    """An instant on the tenant's clock, with its zone; a dash for None."""
    return _time(moment, tenant, f" ({tenant.time_zone})")


@register.filter
def local_time(moment: datetime | None, tenant: Tenant) -> SafeString | str:
    """An instant on the tenant's clock where the zone is said already; a dash for None."""
    return _time(moment, tenant, "")


def _time(moment: datetime | None, tenant: Tenant, zone: str) -> SafeString | str:
    if moment is None:
        return "\u2013"
    exact = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        f"{exact:%Y-%m-%dT%H:%M:%SZ}",
        f"{exact:%Y-%m-%d %H:%M:%S}",
        f"{clock(moment, tenant.zone)}{zone}",
    )


@register.filter
def coming(moment: datetime | None, now: datetime | None = None) -> str:
    """How long until an instant, in one unit: "in 3 minutes"; "in a moment" if it is due."""
    if moment is None:
        return "\u2013"
    seconds = (moment - (now or timezone.now())).total_seconds()
    if seconds < 45:
        return "in a moment"
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60))
    name, size = next((unit for unit in units if seconds >= 1.5 * unit[1]), units[-1])
    count = max(1, round(seconds / size))
    return f"in {count} {name}{'s' if count > 1 else ''}"


@register.filter
def on_until(blackout: Blackout, now: datetime) -> datetime | None:
    """When a blackout that is on ends; None while it is not."""
    if not blackout.enabled:
        return None
    return in_blackout([blackout.window], blackout.tenant.zone, now)


@register.filter
def is_over(blackout: Blackout, now: datetime) -> bool:
    """Whether a dated blackout lies in the past."""
    window = blackout.window
    if not isinstance(window, Dated):
        return False
    end = datetime.combine(window.last_day, window.ends, blackout.tenant.zone)
    return end <= now
