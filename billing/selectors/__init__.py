"""Reads of usage, costs and statements."""

from billing.selectors.costs import (
    DayCost,
    TenantCost,
    answers_of,
    attempts_of,
    costs_of,
    day_costs,
    job_cost,
    last_answers,
    month_costs,
    price_book,
    purpose_costs,
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
    "answers_of",
    "attempts_of",
    "changes_since",
    "costs_of",
    "day_costs",
    "frozen_lines",
    "job_cost",
    "last_answers",
    "month_costs",
    "price_book",
    "purpose_costs",
    "quote_for",
    "statement_charge",
    "statements_for",
    "terms_of",
    "usage_costs",
    "writes_since",
]
