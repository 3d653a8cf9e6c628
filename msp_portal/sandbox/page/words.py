"""Numbers, money, times and addresses as people read them."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import quote, urlencode

from msp_portal.sandbox.page.visit import PAGES

_CENT = Decimal("0.01")


def count(number: int, one: str = "", many: str = "") -> str:
    """1,605, or with words: 1 call, 2 calls."""
    word = one if number == 1 else many or (one and one + "s")
    return f"{number:,} {word}".rstrip()


def money(amount: Decimal, currency: str) -> str:
    """An amount to the cent; below 1.00 with every decimal it has."""
    if amount >= 1:
        return f"{currency} {amount.quantize(_CENT, ROUND_HALF_UP):,}"
    whole, _, decimals = f"{amount:f}".partition(".")
    return f"{currency} {whole}.{decimals.rstrip('0').ljust(2, '0')}"


def moment(at: datetime) -> str:
    """Tue 31 Mar 2026, 16:28:37 UTC."""
    return f"{at:%a %-d %b %Y, %H:%M:%S} UTC"


def day_of(seconds: float) -> str:
    """2026-03-31, from seconds since 1970."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def address(*parts: str, **query: str | int) -> str:
    """The address of a page, its parts escaped; empty query parameters are left out."""
    asked = urlencode({name: value for name, value in query.items() if value not in ("", 1)})
    path = PAGES + "/".join(quote(part, safe="", errors="replace") for part in parts)
    return f"{path}?{asked}" if asked else path
