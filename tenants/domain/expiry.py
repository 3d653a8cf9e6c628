"""When credentials expire, and of what people are told; pure."""

from datetime import datetime, timedelta

# Days before the end at which people are told; 0 says that it has come.
THRESHOLDS = (60, 30, 14, 3, 0)


def threshold(expires_at: datetime | None, now: datetime) -> int | None:
    """The narrowest threshold that has been passed; None while the end is far, or there is none."""
    if expires_at is None:
        return None
    passed = [days for days in THRESHOLDS if expires_at - now <= timedelta(days=days)]
    return min(passed, default=None)


def to_tell(expires_at: datetime | None, now: datetime, told: int | None) -> int | None:
    """The threshold to tell of now: the narrowest one passed, unless people were told of it."""
    found = threshold(expires_at, now)
    return found if found is not None and (told is None or found < told) else None


def remaining(expires_at: datetime, now: datetime) -> str:
    """How long it is until the end, in words."""
    left = expires_at - now
    if left <= timedelta():
        return f"expired on {expires_at:%Y-%m-%d}"
    days = -(-left // timedelta(days=1))
    return f"expires in {days} day{'s' if days > 1 else ''}, on {expires_at:%Y-%m-%d}"
