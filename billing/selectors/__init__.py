"""Reads of usage, costs and statements."""

from billing.selectors.costs import (
    DayCost,
    TenantCost,
    attempts_of,
    costs_of,
    day_costs,
    job_cost,
    month_costs,
    price_book,
    purpose_costs,
    purposes_of,
    quote_for,
    writes_since,
)
from billing.selectors.statements import (
    Change,
    changes_since,
    frozen_lines,
    statement_charge,
    statements_for,
    terms_of,
    usage_costs,
)

__all__ = [
    "Change",
    "DayCost",
    "TenantCost",
    "attempts_of",
    "changes_since",
    "costs_of",
    "day_costs",
    "frozen_lines",
    "job_cost",
    "month_costs",
    "price_book",
    "purpose_costs",
    "purposes_of",
    "quote_for",
    "statement_charge",
    "statements_for",
    "terms_of",
    "usage_costs",
    "writes_since",
]
