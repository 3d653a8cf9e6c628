"""Budgets as people write them."""

from typing import Any

from django import forms

from billing.domain.budgets import parse_thresholds
from billing.forms.fields import ExactField, currency_code
from billing.models import Budget
from tenants.models import Customer, Tenant

BUDGET_TAKEN = "There is a budget for this already; change that one."


class BudgetForm(forms.ModelForm):  # type: ignore[type-arg]
    """An amount for a period, and what happens when it is used up."""

    amount = ExactField(least=0, most=10**11, places=2)
    thresholds = forms.CharField(
        label="Warn at, in % spent",
        required=False,
        initial="50, 80, 100",
        help_text="Each is told once a period.",
    )
    forecast_thresholds = forms.CharField(
        label="Warn at, in % by the forecast",
        required=False,
        initial="100",
        help_text="Of the month, as it is expected to end.",
    )

    class Meta:
        model = Budget
        fields = [
            "amount",
            "currency",
            "span",
            "stop",
            "thresholds",
            "forecast_thresholds",
        ]

    def __init__(
        self, *args: Any, tenants: list[Tenant], customers: list[Customer], msp: bool, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self._tenants = {f"tenant:{tenant.pk}": tenant for tenant in tenants}
        self._customers = {f"customer:{customer.pk}": customer for customer in customers}
        choices = [("msp", "All customers")] if msp else []
        choices += [(key, str(customer)) for key, customer in self._customers.items()]
        choices += [(key, f"{t.customer}: {t}") for key, t in self._tenants.items()]
        if self.instance.pk:
            # Whose an existing budget is stays as it is.
            for name in ("thresholds", "forecast_thresholds"):
                self.initial[name] = ", ".join(map(str, getattr(self.instance, name)))
        else:
            self.fields["whose"] = forms.ChoiceField(label="For", choices=choices)
            self.order_fields(["whose"])

    def clean_currency(self) -> str:
        """A currency."""
        return currency_code(self.cleaned_data["currency"])

    def clean_thresholds(self) -> list[int]:
        """Percents."""
        return _percents(self.cleaned_data["thresholds"])

    def clean_forecast_thresholds(self) -> list[int]:
        """Percents."""
        return _percents(self.cleaned_data["forecast_thresholds"])

    def clean(self) -> dict[str, Any]:
        """One budget for a period."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if (whose := cleaned.get("whose")) and not self.instance.pk:
            self.instance.tenant = self._tenants.get(whose)
            self.instance.customer = self._customers.get(whose)
            if self.instance.tenant:
                self.instance.customer = self.instance.tenant.customer
        same = Budget.objects.filter(
            customer=self.instance.customer,
            tenant=self.instance.tenant,
            span=cleaned.get("span", ""),
        ).exclude(pk=self.instance.pk)
        if same.exists():
            self.add_error("span", BUDGET_TAKEN)
        return cleaned


def _percents(text: object) -> list[int]:
    try:
        return parse_thresholds(str(text))
    except ValueError as error:
        raise forms.ValidationError(str(error)) from error
