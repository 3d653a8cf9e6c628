"""What an answer shows of a resource: `attributes`, `excludedAttributes` (RFC 7644, 3.9)."""

from dataclasses import dataclass, field
from typing import Any

from msp_portal.sandbox.directory import Entry
from msp_portal.sandbox.errors import bad_value
from msp_portal.sandbox.http import Json, dump
from msp_portal.sandbox.schemas import CUSTOM, ENTERPRISE, ENTRA_USER, ResourceSchemas, locate

Tree = dict[str, Any]  # key -> tree of the parts wanted; an empty tree: the whole value
_ALWAYS: dict[str, Tree] = {"schemas": {}, "id": {}, "meta": {}}
_BASIC: Tree = {
    **_ALWAYS,
    "userName": {},
    "displayName": {},
    "name": {},
    "emails": {},
    ENTRA_USER: {"mailNickname": {}},
}


@dataclass(frozen=True, slots=True)
class Projection:
    """A compiled projection. `include` None: everything that is returned by default."""

    include: Tree | None = None
    exclude: Tree = field(default_factory=dict)
    basic: bool = False  # the caller may read basic properties only

    @property
    def named(self) -> bool:
        """Whether the caller named the attributes it wants."""
        return self.include is not None

    @property
    def custom(self) -> bool:
        """Whether custom security attributes are asked for."""
        return CUSTOM in (self.include or ())

    @property
    def shows_manager(self) -> bool:
        """Whether the manager is part of the answer, which keeps pages small."""
        if self.include is None:
            return True
        enterprise = self.include.get(ENTERPRISE)
        return enterprise is not None and (not enterprise or "manager" in enterprise)

    def render(self, entry: Entry) -> bytes:
        """The resource as JSON."""
        if self.include is None and not self.exclude and not self.basic:
            return entry.rendered
        resource: Json = entry.resource
        if CUSTOM in resource and CUSTOM not in (self.include or ()):
            resource = {key: value for key, value in resource.items() if key != CUSTOM}
        if self.basic:
            resource = _pick(resource, _BASIC)
        if self.include is not None:
            resource = _pick(resource, self.include)
        if self.exclude:
            resource = _drop(resource, self.exclude)
        return dump(resource)


def compile_projection(kind: ResourceSchemas, query: dict[str, str], *, basic: bool) -> Projection:
    """The projection a query asks for; ScimError 400 for unknown attributes."""
    wanted, unwanted = query.get("attributes"), query.get("excludedattributes")
    if wanted is not None and unwanted is not None:
        raise bad_value("'attributes' and 'excludedAttributes' cannot be combined.")
    include = None if wanted is None else {**_ALWAYS, **_tree(kind, wanted)}
    exclude = {} if unwanted is None else _tree(kind, unwanted)
    for name in _ALWAYS:
        exclude.pop(name, None)
    return Projection(include, exclude, basic)


def _tree(kind: ResourceSchemas, names: str) -> Tree:
    tree: Tree = {}
    for name in names.split(","):
        if not name.strip():
            raise bad_value("A projection needs at least one attribute, and no empty ones.")
        location = locate(kind, name.strip())
        if location.urn == CUSTOM and (location.attribute is None or location.sub is not None):
            raise bad_value("Custom security attributes are projected by set.")
        _insert(tree, location.keys)
    return tree


def _insert(tree: Tree, keys: tuple[str, ...]) -> None:
    for key in keys[:-1]:
        if key in tree and not tree[key]:
            return  # the whole value is wanted already
        tree = tree.setdefault(key, {})
    tree[keys[-1]] = {}


def _pick(value: Any, tree: Tree) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [_pick(each, tree) for each in value]
    found: Json = {}
    for key, part in tree.items():
        if key in value:
            picked = _pick(value[key], part) if part else value[key]
            if picked != {}:
                found[key] = picked
    return found


def _drop(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [_drop(each, tree) for each in value]
    left: Json = {}
    for key, part in value.items():
        if key not in tree:
            left[key] = part
        elif tree[key]:
            rest = _drop(part, tree[key])
            if rest not in ({}, []):
                left[key] = rest
    return left
