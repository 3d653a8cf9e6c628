"""Writes of the price book, of customers' terms and of exchange rates."""

from datetime import UTC, time

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from billing.domain.pricing import PriceBook
from billing.models import CustomerTerms, ExchangeRate, PriceBookEntry
from billing.services.bills import mark_stale
from tenants.models import User
from tenants.services import record


class PriceNeeded(Exception):
    """A price cannot be taken back; str() says why and what to do."""


@transaction.atomic
def add_price(entry: PriceBookEntry, *, by: User | None) -> PriceBookEntry:
    """Add a price book entry; what was counted before keeps the price of its own day.

    A price begins and ends at midnight UTC, because usage is summed up by days: ValidationError.
    """
    for moment in filter(None, (entry.effective_from, entry.effective_to)):
        if moment.astimezone(UTC).time() != time():
            raise ValidationError("A price begins and ends at midnight UTC.")
    entry.save(force_insert=True)
    mark_stale(entry.effective_from.date())
    record("price.added", by=by, customer=None, subject=entry, rule=entry.rule)
    return entry


@transaction.atomic
def set_terms(terms: CustomerTerms, *, by: User | None) -> CustomerTerms:
    """Set what a customer is charged from a month on; replaces terms from the same month."""
    terms.effective_from = terms.effective_from.replace(day=1)
    kept, _ = CustomerTerms.objects.update_or_create(
        customer=terms.customer,
        effective_from=terms.effective_from,
        defaults={
            "markup_percent": terms.markup_percent,
            "fixed_fee": terms.fixed_fee,
            "currency": terms.currency,
        },
    )
    record("terms.set", by=by, customer=terms.customer, subject=terms.customer, terms=str(kept))
    return kept


@transaction.atomic
def add_rate(rate: ExchangeRate, *, by: User | None) -> ExchangeRate:
    """Add an exchange rate from a day on; closed statements keep theirs."""
    rate.save(force_insert=True)
    mark_stale(rate.day)
    record("rate.added", by=by, customer=None, subject=rate)
    return rate


@transaction.atomic
def remove_price(entry: PriceBookEntry, *, by: User) -> None:
    """Take a price back: calls from its day on have the one before; closed statements stay.

    Raises PriceNeeded for the one without which calls made now had none: jobs would fail.
    """
    others = [other.as_price() for other in PriceBookEntry.objects.exclude(pk=entry.pk)]
    with_it, without = PriceBook([*others, entry.as_price()]), PriceBook(others)
    now = timezone.now()
    if with_it.at(now, entry.cloud) and not without.at(now, entry.cloud):
        raise PriceNeeded("Calls made now would have no price, and jobs fail. Add one first.")
    record("price.removed", by=by, customer=None, subject=entry, rule=entry.rule)
    mark_stale(entry.effective_from.date())
    entry.delete()


@transaction.atomic
def remove_rate(rate: ExchangeRate, *, by: User) -> None:
    """Take an exchange rate back: the one before holds on; closed statements stay."""
    record("rate.removed", by=by, customer=None, subject=rate)
    mark_stale(rate.day)
    rate.delete()
