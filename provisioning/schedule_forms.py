"""Schedules and blackouts as people enter them, in the times of the customer's clock."""

import re
from datetime import datetime, time
from typing import Any

from django import forms

from provisioning.domain.blackouts import BlackoutError
from provisioning.domain.local_time import first_instant
from provisioning.domain.schedules import DAYS, LONGEST_MINUTES, ScheduleError, Unit
from provisioning.models import Blackout, Schedule
from provisioning.services.scheduling import BlackoutFacts, ScheduleFacts
from tenants.models import Tenant

_DAYS = [(str(number), day) for number, day in enumerate(DAYS)]
_MOST_TIMES = 48
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})\Z")


def _clock() -> forms.TimeInput:
    return forms.TimeInput(format="%H:%M", attrs={"type": "time"})


def _calendar() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class _DaysField(forms.TypedMultipleChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            label="On",
            choices=_DAYS,
            coerce=int,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            **options,
        )


class ScheduleForm(forms.Form):
    """When a tenant's jobs begin by themselves."""

    what = forms.ChoiceField(label="What happens")
    unit = forms.ChoiceField(
        label="When",
        choices=[
            (Unit.DAILY.value, "Every day at certain times"),
            (Unit.WEEKLY.value, "On certain days of the week"),
            (Unit.HOURS.value, "Every so many hours"),
            (Unit.MINUTES.value, "Every so many minutes"),
        ],
        widget=forms.RadioSelect,
        initial=Unit.DAILY.value,
    )
    days = _DaysField()
    times = forms.CharField(
        label="At",
        required=False,
        max_length=400,
        help_text="24 hours, several with commas: 06:00, 18:00",
    )
    every = forms.IntegerField(
        label="How many hours or minutes lie between two runs",
        required=False,
        min_value=1,
        max_value=LONGEST_MINUTES,
        help_text="At least 5 minutes, at most a week.",
    )
    counted_from = forms.TimeField(
        label="Counted from",
        required=False,
        widget=_clock(),
        help_text="Today at this time, or midnight. From there on hours and minutes are counted,"
        " also over a change of the clocks; for the same time every day choose times instead.",
    )

    def __init__(
        self,
        data: Any = None,
        *,
        tenant: Tenant,
        offered: list[tuple[str, str]],
        now: datetime,
        schedule: Schedule | None = None,
    ) -> None:
        self._tenant, self._now, self._schedule = tenant, now, schedule
        super().__init__(data, initial=self._known(schedule) if schedule else None)
        self.fields["what"] = forms.ChoiceField(
            label="What happens",
            choices=offered,
            initial=offered[0][0],
            widget=forms.RadioSelect if len(offered) > 1 else forms.HiddenInput,
        )

    def clean_times(self) -> tuple[time, ...]:
        """Times of the day as 06:00 or 6.00."""
        words = re.split(r"[\s,;]+", str(self.cleaned_data["times"]).strip())
        found = [_time_of(word) for word in words if word]
        if len(found) > _MOST_TIMES:
            raise forms.ValidationError(f"Name at most {_MOST_TIMES} times, or an interval.")
        return tuple(found)

    def clean(self) -> dict[str, Any]:
        """What belongs to the chosen unit is there; what belongs to the others is forgotten."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        unit = cleaned.get("unit")
        interval = unit in (Unit.HOURS, Unit.MINUTES)
        if interval and not cleaned.get("every") and "every" not in self.errors:
            self.add_error("every", "Enter how many.")
        if not interval and not cleaned.get("times") and "times" not in self.errors:
            self.add_error("times", "Name at least one time, e.g. 06:00.")
        if unit == Unit.WEEKLY and not cleaned.get("days") and "days" not in self.errors:
            self.add_error("days", "Choose at least one day of the week.")
        if not self.errors:
            self._check_rule()
        return cleaned

    def facts(self) -> ScheduleFacts:
        """The valid form as what the services take."""
        data, unit = self.cleaned_data, Unit(self.cleaned_data["unit"])
        if unit in (Unit.HOURS, Unit.MINUTES):
            return ScheduleFacts(data["what"], unit.value, data["every"], self._anchor())
        days = tuple(data["days"]) if unit is Unit.WEEKLY else ()
        return ScheduleFacts(data["what"], unit.value, times=data["times"], days=days)

    def _check_rule(self) -> None:
        try:
            # The one place that knows the rules; nothing is saved.
            _ = Schedule(tenant=self._tenant, **self.facts().values()).rule
        except ScheduleError as error:
            self.add_error("every", str(error))

    def _anchor(self) -> datetime:
        """The instant an interval is counted from; untouched it stays what it was."""
        at = self.cleaned_data["counted_from"] or time()
        known = self._schedule.anchor if self._schedule else None
        zone = self._tenant.zone
        if known is not None and known.astimezone(zone).time() == at:
            return known
        return first_instant(self._now.astimezone(zone).date(), at, zone)

    def _known(self, schedule: Schedule) -> dict[str, Any]:
        anchor = schedule.anchor
        return {
            "what": schedule.what,
            "unit": schedule.unit,
            "every": schedule.every,
            "counted_from": anchor.astimezone(self._tenant.zone).time() if anchor else None,
            "times": ", ".join(schedule.times),
            "days": [str(day) for day in schedule.days],
        }


class BlackoutForm(forms.Form):
    """When nothing is sent for a tenant."""

    kind = forms.ChoiceField(
        label="When",
        choices=Blackout.Kind.choices,
        widget=forms.RadioSelect,
        initial=Blackout.Kind.WEEKLY.value,
    )
    days = _DaysField(help_text="Days on which it begins.")
    first_day = forms.DateField(label="First day", required=False, widget=_calendar())
    begins = forms.TimeField(label="From", widget=_clock())
    last_day = forms.DateField(label="Last day", required=False, widget=_calendar())
    ends = forms.TimeField(
        label="To",
        widget=_clock(),
        help_text="A weekly one that does not end later on the same day ends on the next.",
    )
    note = forms.CharField(
        label="Why", required=False, max_length=200, help_text="For colleagues who wonder."
    )

    def __init__(
        self, data: Any = None, *, tenant: Tenant, blackout: Blackout | None = None
    ) -> None:
        self._tenant = tenant
        super().__init__(data, initial=_known(blackout) if blackout else None)

    def clean(self) -> dict[str, Any]:
        """What belongs to the chosen kind is there; what belongs to the other is forgotten."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        dated = cleaned.get("kind") == Blackout.Kind.DATED
        for name in ("first_day", "last_day") if dated else ():
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, "Enter the day.")
        if not dated and not cleaned.get("days") and "days" not in self.errors:
            self.add_error("days", "Choose at least one day of the week.")
        if not self.errors:
            self._check_window()
        return cleaned

    def facts(self) -> BlackoutFacts:
        """The valid form as what the services take."""
        data = dict(self.cleaned_data)
        if data["kind"] == Blackout.Kind.DATED:
            return BlackoutFacts(**(data | {"days": ()}))
        return BlackoutFacts(
            **(data | {"days": tuple(data["days"]), "first_day": None, "last_day": None})
        )

    def _check_window(self) -> None:
        try:
            _ = Blackout(tenant=self._tenant, **self.facts().values()).window
        except BlackoutError as error:
            self.add_error("ends", str(error))


def _known(blackout: Blackout) -> dict[str, Any]:
    names = ("kind", "first_day", "begins", "last_day", "ends", "note")
    known = {name: getattr(blackout, name) for name in names}
    return known | {"days": [str(day) for day in blackout.days]}


def _time_of(word: str) -> time:
    match = _TIME.match(word)
    hour, minute = (int(part) for part in match.groups()) if match else (24, 0)
    if hour > 23 or minute > 59:
        raise forms.ValidationError(f"“{word}” is no time of the day; write it like 06:00.")
    return time(hour, minute)
