"""Where news are to go."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.http import QueryDict

from tenants.addresses import AddressRefused, require_callable
from tenants.domain.events import CHOOSABLE, EVENTS
from tenants.models import Customer, Destination
from tenants.services.destinations import DestinationFacts

_EVENTS = [(name, EVENTS[name].label) for name in CHOOSABLE]


class DestinationForm(forms.Form):
    """An address and what it wants to know; a new one also says of which kind and whose."""

    channel = forms.ChoiceField(
        choices=Destination.Channel.choices,
        initial=Destination.Channel.EMAIL,
        widget=forms.RadioSelect,
    )
    customer = forms.ModelChoiceField(
        queryset=Customer.objects.none(), required=False, label="News of"
    )
    address = forms.CharField(
        max_length=500,
        label="Address",
        help_text="An e-mail address, or the webhook's address (https://).",
    )
    events = forms.MultipleChoiceField(
        choices=_EVENTS, widget=forms.CheckboxSelectMultiple, label="What to tell"
    )
    enabled = forms.BooleanField(required=False, initial=True, label="Switched on")

    def __init__(
        self,
        data: QueryDict | None,
        *,
        customers: QuerySet[Customer],
        all_customers: bool,
        row: Destination | None = None,
    ) -> None:
        super().__init__(data, initial=_initial(row))
        self._row = row
        if row is not None:
            del self.fields["channel"], self.fields["customer"]
            return
        field: Any = self.fields["customer"]
        field.queryset = customers
        field.required = not all_customers
        field.empty_label = "All customers, and the portal itself" if all_customers else None

    def clean(self) -> dict[str, Any]:
        """The address as its channel has it."""
        data: dict[str, Any] = super().clean() or {}
        address = str(data.get("address") or "").strip()
        channel = self._row.channel if self._row else data.get("channel")
        try:
            if address and channel == Destination.Channel.EMAIL:
                validate_email(address)
            elif address:
                require_callable(address, allow_private=settings.WEBHOOK_ALLOW_PRIVATE)
        except (ValidationError, AddressRefused) as error:
            words = error.message if isinstance(error, ValidationError) else str(error)
            self.add_error("address", str(words))
        data["address"] = address
        return data

    def facts(self) -> DestinationFacts:
        """As the services take them."""
        data = self.cleaned_data
        return DestinationFacts(data["address"], sorted(data["events"]), data["enabled"])


def _initial(row: Destination | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {"address": row.address, "events": row.events, "enabled": row.enabled}
