"""When a message that could not be delivered is tried again: eight tries over a day."""

from datetime import timedelta

# Between the first and the second try, the second and the third, ...
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 20, 60, 180, 360, 720))
TRIES = len(DELAYS) + 1


def next_delay(attempts: int) -> timedelta | None:
    """How long to wait after so many tries (from 1) have failed; None: it is given up."""
    return DELAYS[attempts - 1] if attempts < TRIES else None
