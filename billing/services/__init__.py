"""Writes of the meter, the price book and customers' terms."""

from billing.services.metering import (
    NewCall,
    SettledCall,
    abandon_open_calls,
    forget_subjects,
    open_calls,
    prune_calls,
    settle_calls,
)
from billing.services.prices import add_price, add_rate, set_terms

__all__ = [
    "NewCall",
    "SettledCall",
    "abandon_open_calls",
    "add_price",
    "add_rate",
    "forget_subjects",
    "open_calls",
    "prune_calls",
    "set_terms",
    "settle_calls",
]
