"""What administrators say about people: who they are, in which role, at which customers."""

from typing import Any

from django import forms

from tenants.domain.reach import Reach, Scope
from tenants.domain.roles import Role
from tenants.models import AccessGrant, Customer

_SCOPES = {
    Scope.ALL: "All customers, also those that come",
    Scope.ALL_EXCEPT: "All customers but those ticked below",
    Scope.LISTED: "Only the customers ticked below",
}


class AccessForm(forms.Form):
    """A role, and at which customers it is held."""

    role = forms.ChoiceField(
        choices=[(role.value, f"{role.words}: {role.duty}") for role in Role],
        widget=forms.RadioSelect,
    )
    scope = forms.ChoiceField(
        label="Where",
        choices=[(scope.value, words) for scope, words in _SCOPES.items()],
        widget=forms.RadioSelect,
        initial=Scope.LISTED.value,
    )
    customers = forms.ModelMultipleChoiceField(
        queryset=Customer.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, grant: AccessGrant | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if grant is not None:
            chosen = grant.customers.values_list("pk", flat=True)
            self.initial.update(role=grant.role, scope=grant.scope, customers=chosen)

    @property
    def chosen_role(self) -> Role:
        """The role of the valid form."""
        return Role(self.cleaned_data["role"])

    @property
    def reach(self) -> Reach:
        """The customers of the valid form; ticks count for nothing where it is all of them."""
        scope = Scope(self.cleaned_data["scope"])
        ticked = () if scope is Scope.ALL else self.cleaned_data["customers"]
        return Reach(scope, frozenset(each.pk for each in ticked))


class PersonForm(AccessForm):
    """A person with the first role, or another one of somebody who is here already."""

    email = forms.EmailField(label="E-mail address", max_length=254)
    name = forms.CharField(max_length=200, required=False)
    field_order = ("email", "name", "role", "scope", "customers")
