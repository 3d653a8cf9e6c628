"""Reads of exchange rates."""

from billing.domain.statements import Rate
from billing.models import ExchangeRate


def known_rates() -> list[Rate]:
    """Every exchange rate entered, as a value."""
    return [Rate(r.base, r.quote, r.day, r.rate) for r in ExchangeRate.objects.all()]
