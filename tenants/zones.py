"""Time zones by their names in the IANA database."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError

ZONES = frozenset(available_timezones())


# Today's names of places; the rest are offsets and names that are kept for old systems.
_REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


def zone_choices(known: str = "UTC") -> list[tuple[str, list[tuple[str, str]]]]:
    """Time zones by region, as choices of a form; a `known` one is among them whatever it is."""
    regions = [
        (region, [(name, name.replace("_", " ")) for name in sorted(ZONES) if _is_in(name, region)])
        for region in _REGIONS
    ]
    listed = {name for _, zones in regions for name, _ in zones}
    others = sorted({"UTC", known} - listed)
    return [("Not bound to a place", [(name, name) for name in others]), *regions]


def _is_in(name: str, region: str) -> bool:
    return name.startswith(f"{region}/")


def known_time_zone(name: str) -> None:
    """Raises ValidationError for a name that is no time zone."""
    if name not in ZONES:
        raise ValidationError(f"{name!r} is no time zone; write one like Europe/Berlin or UTC.")
