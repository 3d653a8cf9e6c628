"""What a person asks the simulator."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from django import forms

from billing.domain.simulator import Migration, Scenario
from provisioning.domain.what_if import RECONCILES, SYNCS, interval_words
from provisioning.selectors.past import Days, Pace

_MOST_PEOPLE, _MOST_EACH, _MOST_GROUPS = 10_000_000, 1000, 100_000
_NOW, _NEVER = "now", "never"


class _NumberInput(forms.NumberInput):
    """A number field; a link may carry anything, but what is no number is no value of it."""

    def format_value(self, value: Any) -> str | None:
        """What the field holds, where a browser can show it."""
        text = super().format_value(value)
        return text if text and re.fullmatch(r"-?[0-9]+", text) else None


def _number(label: str, least: int, most: int) -> forms.IntegerField:
    """A whole number that may be left out."""
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=most,
        required=False,
        widget=_NumberInput,
        error_messages={
            "invalid": "Enter a whole number.",
            "min_value": f"{least} is the least.",
            "max_value": f"{most:,} is the most.",
        },
    )


class MigrationForm(forms.Form):
    """A one-off move of people, by GET: what is missing has its usual value."""

    people = _number("People to create", 0, _MOST_PEOPLE)
    memberships = _number("Groups that each joins", 0, _MOST_EACH)
    groups = _number("Out of how many groups", 1, _MOST_GROUPS)
    new_groups = forms.BooleanField(label="The groups are new", required=False)

    migrated: Migration | None = None

    def __init__(self, given: Mapping[str, Any], usual: Mapping[str, Any]) -> None:
        super().__init__({**{name: str(value) for name, value in usual.items()}, **given})

    def clean(self) -> dict[str, Any]:
        """Numbers that fit together."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        each, groups = cleaned.get("memberships"), cleaned.get("groups")
        if each and groups and each > groups:
            self.add_error(
                "memberships", f"Nobody is in a group twice: {groups} is the most for {groups}."
            )
        if (each or groups) and not cleaned.get("people") and "people" not in self.errors:
            self.add_error("people", "Say how many people there are to create.")
        return cleaned

    def move(
        self, known_groups: int = 0, second_calls: tuple[int, int] = (0, 0)
    ) -> Migration | None:
        """The valid form as a Migration, which is kept as `migrated`; None without people.

        `known_groups`: among so many without a number. `second_calls` of so many creations, as the
        history has them.
        """
        data = self.cleaned_data
        people, each = data["people"] or 0, data["memberships"]
        if not people:
            return None
        if each is None:
            each = 1 if data["groups"] else 0
        groups = data["groups"] or max(1, each, known_groups if each else 0)
        second, creations = second_calls
        self.migrated = Migration(
            people,
            people * each,
            groups,
            -(-people * second // creations) if creations else 0,
            groups if data["new_groups"] and each else 0,
        )
        return self.migrated


class WhatIfForm(MigrationForm):
    """Intervals, growth, a migration, and from when on the past is looked at."""

    sync = forms.ChoiceField(label="Sync")
    reconcile = forms.ChoiceField(label="Reconcile")
    growth = _number("Growth in per cent", -100, 1000)
    since = forms.DateField(
        label="History since",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    field_order = ("sync", "reconcile", "growth", "since")

    def __init__(self, given: Mapping[str, Any], days: Days, pace: Pace) -> None:
        usual = {"sync": _NOW, "reconcile": _NOW, "growth": 0, "since": days.usual}
        super().__init__(given, usual)
        self._days, self._pace = days, pace
        self._choices("sync", pace.sync_minutes, [(str(each), each) for each in SYNCS])
        others = [(str(each), each) for each in RECONCILES]
        self._choices("reconcile", pace.reconcile_minutes, [*others, (_NEVER, None)])
        self.fields["since"].widget.attrs |= {"min": str(days.earliest), "max": str(days.latest)}

    def clean_growth(self) -> int:
        """Nothing said is no growth."""
        return int(self.cleaned_data["growth"] or 0)

    def clean_since(self) -> date:
        """A day on which the history may begin."""
        day: date = self.cleaned_data["since"] or self._days.usual
        if not self._days.earliest <= day <= self._days.latest:
            raise forms.ValidationError(
                f"Choose a day from {_day(self._days.earliest)} to {_day(self._days.latest)}: no"
                " more than 90 days are looked at, and one whole day is needed."
            )
        return day

    def scenario(self) -> Scenario:
        """The valid form as a Scenario, with the migration if one was made of it."""
        data, present = self.cleaned_data, self._pace
        sync, reconcile = data["sync"], data["reconcile"]
        every = present.sync_minutes if sync == _NOW else int(sync)
        if reconcile == _NOW:
            back = present.reconcile_minutes
        else:
            back = None if reconcile == _NEVER else int(reconcile)
        return Scenario(every, back, data["growth"], self.migrated)

    def _choices(self, name: str, now: int | None, others: list[tuple[str, int | None]]) -> None:
        field = cast("forms.ChoiceField", self.fields[name])
        told = [(value, interval_words(minutes)) for value, minutes in others]
        choices = [(_NOW, f"as now, {interval_words(now)}"), *told]
        field.choices = [(value, words[:1].upper() + words[1:]) for value, words in choices]


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
