"""A row in every table that holds customers' data, for one customer, with a mark in its texts."""

from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import models
from django.utils import timezone

from provisioning.domain.starter import STARTER
from tenants.models import Customer
from tests.support.row_security.registry import protected_models

Rows = dict[type[models.Model], models.Model]

_ROW = object()
# What a model's constraints want; whatever else is required is made up by `_value`.
_WANTED: dict[str, dict[str, Any]] = {
    "tenants.Tenant": {"cloud": "global", "sandbox_url": ""},
    "billing.BillDay": {"tenant": _ROW, "quantity": Decimal(1), "cost": Decimal(1)},
    "billing.Call": {"state": "answered", "status": 200},
    "billing.DailyUsage": {"status": 201, "calls": 1},
    "billing.MonthUsage": {"month": date(2026, 5, 1)},
    "billing.Statement": {"month": date(2026, 5, 1)},
    "billing.StatementLine": {"kind": "usage", "tenant": _ROW},
    "provisioning.Schedule": {"unit": "daily", "times": ["06:00"], "enabled": False},
    "provisioning.Blackout": {"days": [0], "begins": time(3), "ends": time(4)},
    "provisioning.ProfileVersion": {"definition": STARTER},
    "provisioning.Job": {"state": "finished", "kind": "sync", "ended_at": timezone.now()},
    "provisioning.DirectoryObject": {"owner": _ROW},
}


def fill(mark: str) -> Rows:
    """A customer of this mark, with a row in every table."""
    rows: Rows = {}
    for model in [Customer, *protected_models()]:
        _row(model, mark, rows)
    return rows


def _row(model: type[models.Model], mark: str, rows: Rows) -> models.Model:
    if model not in rows:
        wanted = _WANTED.get(model._meta.label, {})
        # The row refers to itself nowhere, so whatever it needs can be made first.
        values = {
            field.attname if isinstance(field, models.ForeignKey) else field.name: (
                _value(field, mark, rows)
                if wanted.get(field.name, _ROW) is _ROW
                else wanted[field.name]
            )
            for field in model._meta.concrete_fields
            if field.name in wanted or _required(field)
        }
        rows[model] = model._base_manager.create(**values)
    return rows[model]


def _required(field: models.Field) -> bool:
    if isinstance(field, models.AutoField) or getattr(field, "auto_now_add", False):
        return False
    if isinstance(field, models.ForeignKey):
        return not field.null or field.related_model is Customer
    return not (field.null or field.has_default()) or _is_free_text(field)


def _is_free_text(field: models.Field) -> bool:
    """Texts that a page might show, whether they may be empty or not."""
    shown = isinstance(field, models.CharField | models.TextField) and not field.choices
    return shown and not field.null and field.name not in ("time_zone", "currency", "sandbox_url")


def _value(field: models.Field, mark: str, rows: Rows) -> Any:
    if isinstance(field, models.ForeignKey):
        return _row(field.related_model, mark, rows).pk
    if field.choices:
        return field.flatchoices[0][0]
    if isinstance(field, models.CharField | models.TextField):
        # An address must not show the mark, because pages repeat what they were asked for.
        text = f"{mark[::-1]}-{uuid4().hex[:8]}" if field.name == "slug" else f"{mark} {field.name}"
        return text[: field.max_length]
    for kind, value in _VALUES.items():
        if isinstance(field, kind):
            return value() if callable(value) else value
    raise TypeError(f"{field}: say in _WANTED of {__name__} what a row of it may hold.")


_VALUES: dict[type[models.Field], Any] = {
    models.BooleanField: False,
    models.DateTimeField: timezone.now,
    models.DateField: timezone.localdate,
    models.TimeField: time(3),
    models.JSONField: dict,
    models.BinaryField: b"sealed",
    models.UUIDField: uuid4,
    models.IntegerField: 1,
    models.DecimalField: 1,
    models.FloatField: 1.0,
}
