"""Calls, usage, prices. A job is an opaque label here."""

from billing.models.budgets import Budget, BudgetWarning, Reservation
from billing.models.calls import Call, DailyUsage, MonthUsage, Usage
from billing.models.prices import CustomerTerms, ExchangeRate, PriceBookEntry
from billing.models.statements import Statement, StatementLine, StatementNumber
from billing.models.watching import UnusualHour

__all__ = [
    "Budget",
    "BudgetWarning",
    "Call",
    "CustomerTerms",
    "DailyUsage",
    "ExchangeRate",
    "MonthUsage",
    "PriceBookEntry",
    "Reservation",
    "Statement",
    "StatementLine",
    "StatementNumber",
    "UnusualHour",
    "Usage",
]
