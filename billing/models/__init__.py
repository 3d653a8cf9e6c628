"""Calls, usage, prices. A job is an opaque label here."""

from billing.models.calls import Call, DailyUsage, Usage
from billing.models.prices import CustomerTerms, ExchangeRate, PriceBookEntry

__all__ = ["Call", "CustomerTerms", "DailyUsage", "ExchangeRate", "PriceBookEntry", "Usage"]
