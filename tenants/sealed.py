"""Where sealed values are stored: each app names its fields when it is ready.

    sealed.register("tenants.Credential", "sealed_secret", place)

`place(row)` is the binding the value was sealed with. What is not registered would be lost with the
key it was sealed with, when that is dropped after `manage.py rotate_keys`: a test finds it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import BinaryField, Model, QuerySet
from django.db.models.functions import Substr

from tenants import vault


@dataclass(frozen=True, slots=True)
class Wrapping:
    """How a sealed value lies in a column that is not binary, in a JSON document for example."""

    read: Callable[[Any], bytes]
    """What is stored -> the sealed value, b"" for none."""
    write: Callable[[Any, bytes], Any]
    """What is stored, another sealed value -> what is stored then."""


@dataclass(frozen=True, slots=True)
class SealedField:
    """A column of sealed values; an empty one holds none. `related`: what `place` looks at."""

    label: str
    field: str
    place: Callable[[Any], bytes]
    related: tuple[str, ...] = ()
    wrapping: Wrapping | None = None

    def rows(self) -> QuerySet[Any]:
        """Rows with a value, in the order of their keys."""
        model: type[Model] = apps.get_model(self.label)
        rows = model._base_manager.exclude(**{f"{self.field}__isnull": True})
        if self.wrapping is None:
            rows = rows.exclude(**{self.field: b""})
        return rows.select_related(*self.related).order_by("pk")

    def sealed_of(self, row: Any) -> bytes:
        """A row's sealed value."""
        stored = getattr(row, self.field)
        return bytes(stored) if self.wrapping is None else self.wrapping.read(stored)

    def replace(self, row: Any, sealed: bytes) -> bool:
        """Store another sealed value, unless what is stored has changed since the row was read."""
        old = getattr(row, self.field)
        new = sealed if self.wrapping is None else self.wrapping.write(old, sealed)
        unchanged = type(row)._base_manager.filter(pk=row.pk, **{self.field: old})
        return bool(unchanged.update(**{self.field: new}))

    def not_under(self, name: str) -> QuerySet[Any]:
        """Rows whose value may be sealed with another key than the one of this name."""
        return self.rows() if self.wrapping else self._headed(name, exclude=True)

    def count(self, name: str = "") -> int:
        """How many values there are, or how many are sealed with the key of this name."""
        if self.wrapping is not None:
            values = map(self.sealed_of, self.rows().iterator(chunk_size=500))
            return sum(
                value.startswith(vault.head_of(name) if name else b"\x01") for value in values
            )
        return (self._headed(name) if name else self.rows()).count()

    def _headed(self, name: str, *, exclude: bool = False) -> QuerySet[Any]:
        """By the values' first bytes, in the database: they may be large."""
        head = vault.head_of(name)
        begins = Substr(self.field, 1, len(head), output_field=BinaryField())
        rows: QuerySet[Any] = self.rows().annotate(_head=begins)
        return rows.exclude(_head=head) if exclude else rows.filter(_head=head)

    def __str__(self) -> str:
        return f"{self.label}.{self.field}"


_fields: dict[tuple[str, str], SealedField] = {}


def register(
    label: str,
    field: str,
    place: Callable[[Any], bytes],
    *,
    related: tuple[str, ...] = (),
    wrapping: Wrapping | None = None,
) -> None:
    """Name a field with sealed values, from an app's `ready`; naming it twice changes nothing."""
    _fields[label, field] = SealedField(label, field, place, related, wrapping)


def fields() -> Iterator[SealedField]:
    """Every registered field, in the order of their names."""
    yield from (field for _, field in sorted(_fields.items()))
