"""A tenant's domains as people enter them."""

from typing import Any, cast

from django import forms

from provisioning.domain.domains import Domain, KnownDomains, domain_problem


class DomainForm(forms.Form):
    """One domain: whether it is the tenant's, and what is known of it."""

    name = forms.CharField(label="Domain", required=False, max_length=253)
    keep = forms.BooleanField(label="The tenant's", required=False)
    verified = forms.BooleanField(label="Verified", required=False)
    federated = forms.BooleanField(label="Federated", required=False)
    default = forms.BooleanField(label="Default", required=False)

    def clean_name(self) -> str:
        """A domain name in lower case, or nothing."""
        name = str(self.cleaned_data["name"]).strip().lower()
        if name and (problem := domain_problem(name)):
            raise forms.ValidationError(problem)
        return name


class DomainFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    """All domains of a tenant; those not kept and empty rows are left out.

    A domain that is written into an empty row is meant, ticked or not.
    """

    def domains(self) -> list[Domain]:
        """The valid forms as what the service takes."""
        rows = [form.cleaned_data for form in self.initial_forms if form.cleaned_data["keep"]]
        rows += [form.cleaned_data for form in self.extra_forms if form.cleaned_data]
        return [
            Domain(row["name"], row["verified"], row["federated"], row["default"])
            for row in rows
            if row["name"]
        ]


_FormSet = forms.formset_factory(DomainForm, formset=DomainFormSet, extra=2, max_num=500)


def domain_forms(data: Any, known: KnownDomains) -> DomainFormSet:
    """A row for each domain known, and two more to be filled in."""
    initial = [
        {
            "name": each.name,
            "keep": True,
            "verified": each.verified,
            "federated": each.federated,
            "default": each.default,
        }
        for each in sorted(known.domains.values(), key=lambda each: (-each.users, each.name))
    ]
    return cast("DomainFormSet", _FormSet(data, initial=initial, prefix="domain"))
