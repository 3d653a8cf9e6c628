"""What a profile may write: the catalogue, and a tenant's custom security attributes; pure.

Custom security attributes are known from the tenant's own schema document: a set is a complex
attribute, its attributes are the parts (Microsoft's SCIM reference for Entra).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from provisioning.domain.attributes import CATALOGUE, CUSTOM, Attribute, Kind, is_custom
from provisioning.domain.expressions import nearest

DOCUMENT = f"/schemas/{CUSTOM}"
"""Under which name the discovered documents hold the definitions."""

_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_KINDS: Mapping[str, Kind] = {"string": "string", "boolean": "boolean", "integer": "integer"}
_NOTE = "Custom security attribute; upper and lower case of its values matter."


@dataclass(frozen=True)
class Targets:
    """Attributes by path; `custom` are the tenant's own, `known` whether those were ever read."""

    custom: tuple[Attribute, ...] = ()
    known: bool = False

    @classmethod
    def of(cls, documents: Mapping[str, Any] | None) -> Targets:
        """Targets from what was discovered of a tenant; whatever is strange in it is left out."""
        document = (documents or {}).get(DOCUMENT)
        sets = document.get("attributes") if isinstance(document, Mapping) else None
        if not isinstance(sets, list):
            return cls()
        return cls(tuple(each for found in sets for each in _custom(found)), known=True)

    @cached_property
    def by_path(self) -> Mapping[str, Attribute]:
        """Every attribute, in the order in which pages list them."""
        return {**CATALOGUE} | {each.path: each for each in self.custom}

    def __getitem__(self, path: str) -> Attribute:
        return self.by_path[path]

    def __iter__(self) -> Iterator[Attribute]:
        return iter(self.by_path.values())

    def get(self, path: str) -> Attribute | None:
        """The attribute at a path, or None."""
        return self.by_path.get(path)

    def nearest(self, name: str) -> str | None:
        """The path that was probably meant; people also write jobTitle, Badge or First name."""
        near = nearest(re.sub(r"\s+", " ", name.strip()), self._aliases)
        return None if near is None else self._aliases[near]

    @cached_property
    def _aliases(self) -> Mapping[str, str]:
        aliases: dict[str, str] = {}
        for attribute in self:
            tail = re.split(r"[:.]", attribute.path)[-1]
            for alias in (attribute.path, attribute.entra, attribute.label, tail):
                aliases.setdefault(alias.lower(), attribute.path)
        return aliases

    def unknown(self, path: str) -> str:
        """Why nothing can be written at a path that is no target."""
        near = self.nearest(path)
        hint = f": did you mean {near}?" if near else ""
        if is_custom(path) and not self.known:
            return (
                "is not known: the definitions of this tenant's custom security attributes have"
                " not been read yet"
            )
        return f"is no attribute of an Entra user{hint}"


PLAIN: Final = Targets()
"""What every tenant has."""


def _custom(found: Any) -> Iterator[Attribute]:
    parts = found.get("subAttributes") if isinstance(found, Mapping) else None
    for part in parts if isinstance(parts, list) else ():
        name, of = (part.get("name"), found.get("name")) if isinstance(part, Mapping) else ("", "")
        if all(isinstance(each, str) and _NAME.fullmatch(each) for each in (name, of)):
            yield _attribute(f"{of}.{name}", f"{of}: {name}", part)


def _attribute(name: str, label: str, described: Mapping[str, Any]) -> Attribute:
    kind = _KINDS.get(str(described.get("type") or "string").lower())
    read_only = described.get("mutability") == "readOnly"
    note = _NOTE
    if kind is None:
        note = f"Its type, {described.get('type')}, cannot be mapped."
    elif read_only:
        note = "Read-only in this tenant."
    return Attribute(
        f"{CUSTOM}:{name}",
        kind or "string",
        label,
        name,
        mutable=kind is not None and not read_only,
        note=note,
        read_only=read_only,
        many=described.get("multiValued") is True,
    )
