"""A profile's parameters: what differs between the customers that one template serves; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_DOMAIN = re.compile(r"(?=.{1,253}\Z)([a-z0-9](-?[a-z0-9])*\.)+[a-z]{2,63}", re.IGNORECASE)
_COUNTRY = re.compile(r"[A-Z]{2}")
_PLACEHOLDER = "x"


@dataclass(frozen=True, slots=True)
class Question:
    """How a parameter is asked for."""

    name: str
    label: str
    help: str = ""


_KNOWN = {
    "domain": ("Domain of the user names", "A verified domain of the tenant: customer.example."),
    "usage_location": (
        "Usage location",
        "Two capital letters (ISO 3166-1), such as SE; licences need it.",
    ),
}


def question(name: str) -> Question:
    """Well-known parameters are asked for in words, others by their name."""
    label, said = _KNOWN.get(name, (name.replace("_", " ").capitalize(), ""))
    return Question(name, label, said)


def value_problem(name: str, value: str) -> str | None:
    """What is wrong with a value that a person gives for a parameter; None if nothing is."""
    text = value.strip()
    if not text:
        return "A value is needed."
    if name == "domain" and _DOMAIN.fullmatch(text) is None:
        return "This is no domain name such as customer.example."
    if name == "usage_location" and _COUNTRY.fullmatch(text) is None:
        return "This is no country code of two capital letters."
    return None


def parameters_of(definition: Mapping[str, Any]) -> dict[str, str]:
    """Values by name; a blank one is open."""
    found = definition.get("parameters")
    return dict(found) if isinstance(found, Mapping) else {}


def open_parameters(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Parameters that wait for a value."""
    return tuple(n for n, value in parameters_of(definition).items() if not str(value).strip())


def filled(definition: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The definition with these values for parameters that it has."""
    known = definition.get("parameters")
    if not isinstance(known, Mapping):
        return dict(definition)
    new = {name: values.get(name, value) for name, value in known.items()}
    return {**definition, "parameters": new}


def blanked(definition: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The definition with these parameters open."""
    return filled(definition, dict.fromkeys(names, ""))


def with_blanks(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A template as a definition that can be checked: something stands in open parameters."""
    known = definition.get("parameters")
    if not isinstance(known, Mapping):
        return dict(definition)
    new = {name: _PLACEHOLDER if value in ("", None) else value for name, value in known.items()}
    return {**definition, "parameters": new}
