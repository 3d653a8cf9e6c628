"""What people say when a profile goes from one place to another."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet

from provisioning.domain.profile_parameters import question, value_problem
from provisioning.domain.profile_yaml import FileError, decode
from provisioning.domain.promotion import Mention
from provisioning.domain.yaml_tree import MAX_BYTES
from provisioning.models import MappingProfile
from tenants.models import Tenant

_PARAMETER, _REPLACE = "param-", "replace-"


class DraftForm(forms.Form):
    """A form that ends in a tenant's draft: parameters, and the yes to losing one that waits.

    The name of that yes carries the draft's revision, so that nobody agrees to what they never saw.
    """

    def __init__(
        self,
        *args: Any,
        profile: MappingProfile | None = None,
        parameters: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, value in (parameters or {}).items():
            self.fields[f"{_PARAMETER}{name}"] = _ParameterField(name, value)
        self._replace = ""
        if profile is not None and profile.draft is not None:
            self._replace = f"{_REPLACE}{profile.draft_revision}"
            who = profile.draft_saved_by or "somebody"
            self.fields[self._replace] = forms.BooleanField(
                required=False,
                label=f"Replace the draft of {profile.tenant} that {who} saved",
                help_text="That draft was not published yet, and it will be lost.",
            )

    @property
    def values(self) -> dict[str, str]:
        """Values of the parameters, by name."""
        data = self.cleaned_data
        return {
            name.removeprefix(_PARAMETER): str(value)
            for name, value in data.items()
            if name.startswith(_PARAMETER)
        }

    @property
    def replaces(self) -> int | None:
        """Revision of the draft that may be replaced."""
        agreed = self._replace and self.cleaned_data.get(self._replace)
        return int(self._replace.removeprefix(_REPLACE)) if agreed else None


class _ParameterField(forms.CharField):
    """The value of one parameter."""

    def __init__(self, name: str, value: str) -> None:
        asked = question(name)
        super().__init__(
            label=asked.label,
            help_text=asked.help,
            initial=value,
            max_length=1_000,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )
        self._name = name

    def validate(self, value: Any) -> None:
        """As the parameter asks."""
        super().validate(value)
        if problem := value_problem(self._name, str(value)):
            raise forms.ValidationError(problem)


class ImportForm(DraftForm):
    """A profile as a file, or its text."""

    file = forms.FileField(
        required=False,
        label="Profile as YAML",
        widget=forms.ClearableFileInput(attrs={"accept": ".yaml,.yml,text/yaml"}),
        error_messages={"empty": "This file is empty."},
    )
    text = forms.CharField(
        required=False,
        label="Or its text",
        strip=False,
        max_length=MAX_BYTES,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false", "class": "code"}),
    )

    def clean(self) -> dict[str, Any]:
        """The text of whichever was given; a file wins."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        file: UploadedFile[bytes] | None = cleaned.get("file")
        if file is None:
            if not cleaned.get("text", "").strip() and not self.errors:
                self.add_error("file", "Choose a file, or paste its text.")
            return cleaned
        try:
            cleaned["text"] = decode(file.read(MAX_BYTES + 1))
        except FileError as error:
            self.add_error("file", str(error))
        return cleaned


class _TenantField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A tenant, shown after its customer."""

    def label_from_instance(self, obj: Any) -> str:
        """As it stands in the list."""
        return f"{obj.customer}: {obj}"


class TenantChoice(forms.Form):
    """One of the tenants a person may edit."""

    to = _TenantField(
        queryset=Tenant.objects.none(), to_field_name="slug", label="Tenant", empty_label=None
    )

    def __init__(self, *args: Any, tenants: QuerySet[Tenant], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, _TenantField)  # noqa: S101 - says its type
        field.queryset = tenants.order_by("customer__name", "name")


class TemplateForm(forms.Form):
    """A tenant's profile as a template; which values it shall not keep."""

    name = forms.CharField(max_length=60, help_text="What it is for: Our own HR export.")
    description = forms.CharField(
        required=False, max_length=5_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    blank = forms.MultipleChoiceField(
        required=False,
        label="Ask for these each time",
        help_text="Their values belong to this customer; the template does not keep them.",
        widget=forms.CheckboxSelectMultiple,
    )
    agreed = forms.BooleanField(
        label="These values may be seen by everybody who uses the template", required=False
    )

    def __init__(
        self, *args: Any, parameters: Mapping[str, str], mentions: Iterable[Mention], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._mentions = tuple(mentions)
        blank = self.fields["blank"]
        assert isinstance(blank, forms.MultipleChoiceField)  # noqa: S101 - says its type
        blank.choices = [
            (name, f"{question(name).label}: {value}") for name, value in parameters.items()
        ]
        blank.initial = list(parameters)
        if not parameters:
            del self.fields["blank"]
        if not self._mentions:
            del self.fields["agreed"]

    def clean(self) -> dict[str, Any]:
        """What names one tenant and is no parameter needs a yes."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        blank = cleaned.setdefault("blank", [])
        kept = [m for m in self._mentions if m.place.removeprefix("parameter ") not in blank]
        if kept and not cleaned.get("agreed"):
            listed = ", ".join(dict.fromkeys(each.value for each in kept))
            self.add_error("agreed", f"Say so, or make parameters of them first: {listed}.")
        return cleaned


class PromotionForm(DraftForm):
    """The table of a promotion: a counterpart for each value of the old tenant."""

    def __init__(
        self,
        *args: Any,
        mentions: Iterable[Mention],
        table: Mapping[tuple[str, str], str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.found = tuple(dict.fromkeys((each.kind, each.value) for each in mentions))
        for number, (kind, value) in enumerate(self.found):
            self.fields[f"to-{number}"] = _CounterpartField(kind, value, table.get((kind, value)))

    @property
    def table(self) -> dict[tuple[str, str], str]:
        """Counterparts that were given; a value that shall stay is its own."""
        data = self.cleaned_data
        given = {key: data.get(f"to-{number}", "") for number, key in enumerate(self.found)}
        return {key: value for key, value in given.items() if value}

    def counterparts(self) -> list[Any]:
        """Bound fields, each with the kind and value it is for."""
        return [(*key, self[f"to-{number}"]) for number, key in enumerate(self.found)]

    def others(self) -> list[Any]:
        """Bound fields besides the table."""
        return [field for field in self.visible_fields() if not field.name.startswith("to-")]


class _CounterpartField(forms.CharField):
    """What becomes of one value in the other tenant; empty: it could not be said."""

    def __init__(self, kind: str, value: str, suggestion: str | None) -> None:
        super().__init__(
            label=value,
            required=False,
            initial=suggestion or "",
            max_length=253,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )
        self._kind = kind

    def clean(self, value: Any) -> str:
        """A value of the same kind."""
        text = str(super().clean(value) or "").strip()
        if text and (problem := _COUNTERPARTS[self._kind](text)):
            raise forms.ValidationError(problem)
        return text if self._kind == "set" else text.lower()


def _id_problem(text: str) -> str | None:
    try:
        UUID(text)
    except ValueError:
        return "This is no id: it looks like 6f1d2c3a-0b4e-4c55-9d66-7e8899aabbcc."
    return None


def _set_problem(text: str) -> str | None:
    return None if text.isidentifier() and text.isascii() else "This is no name of a set."


_COUNTERPARTS = {
    "domain": lambda text: value_problem("domain", text),
    "id": _id_problem,
    "set": _set_problem,
}
