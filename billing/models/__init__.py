"""Calls, usage, prices. A job is an opaque label here."""

from billing.models.bills import BillDay, BillFile, ForeignDay, ReconciledMonth
from billing.models.budgets import Budget, BudgetWarning, Reservation
from billing.models.calls import Call, DailyUsage, MonthUsage, Usage
from billing.models.prices import CustomerTerms, ExchangeRate, PriceBookEntry
from billing.models.statements import Statement, StatementLine, StatementNumber
from billing.models.watching import MonthForecast, UnusualHour

__all__ = [
    "BillDay",
    "BillFile",
    "Budget",
    "BudgetWarning",
    "Call",
    "CustomerTerms",
    "DailyUsage",
    "ExchangeRate",
    "ForeignDay",
    "MonthForecast",
    "MonthUsage",
    "PriceBookEntry",
    "ReconciledMonth",
    "Reservation",
    "Statement",
    "StatementLine",
    "StatementNumber",
    "UnusualHour",
    "Usage",
]
