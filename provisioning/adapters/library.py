"""The templates that ship with the portal: package data, read once per process."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from provisioning.domain.profile_yaml import from_yaml

_PACKAGE = "provisioning.library"


@dataclass(frozen=True, slots=True)
class ShippedTemplate:
    """One template: `text` is its file, `sample` a CSV that it maps, both as they ship."""

    slug: str
    name: str
    description: str
    definition: dict[str, Any]
    text: str
    sample: bytes


@cache
def shipped_templates() -> tuple[ShippedTemplate, ...]:
    """All of them, the general one first, then by name."""
    found = [_read(name.removesuffix(".yaml")) for name in _names() if name.endswith(".yaml")]
    return tuple(sorted(found, key=lambda each: (each.slug != "generic-hr-csv", each.name.lower())))


def shipped_template(slug: str) -> ShippedTemplate | None:
    """One of them."""
    return next((each for each in shipped_templates() if each.slug == slug), None)


def _names() -> Iterable[str]:
    return (each.name for each in files(_PACKAGE).iterdir())


def _read(slug: str) -> ShippedTemplate:
    folder = files(_PACKAGE)
    text = (folder / f"{slug}.yaml").read_text("utf-8")
    sample = (folder / "samples" / f"{slug}.csv").read_bytes()
    profile = from_yaml(text, blanks=True)
    return ShippedTemplate(
        slug, profile.name, profile.description, profile.definition, text, sample
    )
