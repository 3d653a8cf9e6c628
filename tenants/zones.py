"""Time zones by their names in the IANA database."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError

ZONES = frozenset(available_timezones())


def known_time_zone(name: str) -> None:
    """Raises ValidationError for a name that is no time zone."""
    if name not in ZONES:
        raise ValidationError(f"{name!r} is no time zone; write one like Europe/Berlin or UTC.")
