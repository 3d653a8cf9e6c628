"""Connections that a pool lends: what the settings name, so it knows nothing of Django."""

from typing import Any

_CLEAR = "SELECT set_config('portal.customers', '', false), set_config('portal.lanes', '', false)"


def clear(raw: Any) -> None:
    """A pool's reset callback: a connection that is given back sees no customer any more."""
    raw.execute(_CLEAR)
    if not raw.autocommit:
        raw.commit()
