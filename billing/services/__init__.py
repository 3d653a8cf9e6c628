"""Writes of the meter, the price book and customers' terms."""

from billing.services.budgets import (
    EXEMPT,
    BudgetExhausted,
    give_back,
    grant,
    is_of_budget,
    is_passing,
    remove_budget,
    set_budget,
    why_stopped,
)
from billing.services.metering import (
    Made,
    NewCall,
    SettledCall,
    abandon_open_calls,
    forget_subjects,
    open_calls,
    prune_calls,
    settle_calls,
)
from billing.services.prices import (
    PriceNeeded,
    add_price,
    add_rate,
    remove_price,
    remove_rate,
    set_terms,
)

__all__ = [
    "EXEMPT",
    "BudgetExhausted",
    "Made",
    "NewCall",
    "PriceNeeded",
    "SettledCall",
    "abandon_open_calls",
    "add_price",
    "add_rate",
    "forget_subjects",
    "give_back",
    "grant",
    "is_of_budget",
    "is_passing",
    "open_calls",
    "prune_calls",
    "remove_budget",
    "remove_price",
    "remove_rate",
    "set_budget",
    "set_terms",
    "settle_calls",
    "why_stopped",
]
