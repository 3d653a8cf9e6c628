"""Fields of finance's forms: what is far beyond any price, day or amount is a slip of the pen."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from billing.domain.periods import FIRST_YEAR, LAST_YEAR

# Databases without exact decimals (SQLite) keep fifteen digits of a number as they are.
DIGITS = 15


class ExactField(forms.DecimalField):
    """A number of at most fifteen digits between two others, kept as it was entered."""

    def __init__(self, *, least: int | None, most: int, places: int, **options: Any) -> None:
        options |= {"min_value": least, "max_value": most, "decimal_places": places}
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        """The number; raises ValidationError."""
        found: Decimal | None = super().clean(value)
        if found is not None and len(found.normalize().as_tuple().digits) > DIGITS:
            raise forms.ValidationError(f"Write at most {DIGITS} digits.")
        return found


class DayField(forms.DateField):
    """A day of this century, asked for by the browser's own calendar."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(**{"widget": widget, "input_formats": ["%Y-%m-%d"], **options})

    def clean(self, value: Any) -> Any:
        """The day; raises ValidationError."""
        found: date | None = super().clean(value)
        if found is not None and not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise forms.ValidationError(f"Enter a day between {FIRST_YEAR} and {LAST_YEAR}.")
        return found


def currency_code(text: object) -> str:
    """Three capital letters (ISO 4217); raises ValidationError."""
    code = str(text).strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise forms.ValidationError("Enter the currency's three letters, e.g. USD.")
    return code
