"""What a tenant's service says of itself: read once, kept as it came, asked many times.

Four requests at most (RFC 7644, 4), each billed like any other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from provisioning.domain.permissions import Act
from provisioning.scim.errors import NotFound
from provisioning.scim.messages import Purpose, Request
from provisioning.scim.resources import resources_of
from provisioning.scim.urns import CUSTOM_SECURITY

PATHS = ("/serviceproviderconfig", "/resourcetypes", "/schemas")
CALLS = len(PATHS)


class Cache(Protocol):
    """Keeps the documents of one tenant."""

    def load(self) -> Mapping[str, Any] | None: ...

    def keep(self, documents: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class SchemaAttribute:
    """One attribute as the service describes it; `parts` of a complex one (RFC 7643, 7)."""

    name: str
    type: str
    many: bool = False
    writable: bool = True
    returned: str = "default"
    parts: Mapping[str, "SchemaAttribute"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Discovery:
    """A tenant's service: largest page, kinds of resource, attributes by schema and name."""

    max_page: int | None
    cursors: bool
    resource_types: tuple[str, ...]
    schemas: Mapping[str, Mapping[str, SchemaAttribute]]


def discovery_requests(purpose: Purpose = Purpose.DISCOVERY) -> list[Request]:
    """The requests of a whole discovery, in the order of `PATHS`."""
    return [Request("GET", path, purpose, act=Act.DISCOVER) for path in PATHS]


def custom_schema_request(purpose: Purpose = Purpose.DISCOVERY) -> Request:
    """The definitions of custom security attributes, which need a permission of their own."""
    return Request("GET", f"/schemas/{CUSTOM_SECURITY}", purpose, act=Act.READ_CUSTOM_SCHEMA)


def discover(
    read: Callable[[Request], Any], cache: Cache, purpose: Purpose = Purpose.DISCOVERY
) -> Discovery:
    """What the service says, from the cache or by three calls; raises ScimError."""
    return understood(_complete(read, cache, discovery_requests(purpose)))


def discover_custom(
    read: Callable[[Request], Any], cache: Cache, purpose: Purpose = Purpose.DISCOVERY
) -> Mapping[str, Any]:
    """Documents with the definitions of custom security attributes in them, by a call at most.

    A service that knows no such schema has none. Raises ScimError.
    """
    return _complete(read, cache, [custom_schema_request(purpose)])


def _complete(
    read: Callable[[Request], Any], cache: Cache, wanted: Sequence[Request]
) -> Mapping[str, Any]:
    """The cached documents; those that are missing are read and kept."""
    documents = dict(cache.load() or {})
    missing = [each for each in wanted if each.path not in documents]
    if missing:
        documents |= {each.path: read_document(read, each) for each in missing}
        cache.keep(documents)
    return documents


def read_document(read: Callable[[Request], Any], request: Request) -> Any:
    """One document; a service without custom security attributes has an empty one of theirs."""
    try:
        return read(request)
    except NotFound:
        if request.act is not Act.READ_CUSTOM_SCHEMA:
            raise
        return {"attributes": []}


def understood(documents: Mapping[str, Any]) -> Discovery:
    """The documents as values; what is missing or strange in them is left out."""
    config, types, schemas = (documents.get(path) for path in PATHS)
    pagination = _object(_object(config).get("pagination"))
    largest = pagination.get("maxPageSize")
    return Discovery(
        max_page=largest if isinstance(largest, int) else None,
        cursors=pagination.get("cursor") is True,
        resource_types=tuple(
            str(each.get("id") or each.get("name")) for each in resources_of(types)
        ),
        schemas={
            str(schema.get("id")): dict(_attributes(schema.get("attributes")))
            for schema in resources_of(schemas)
        },
    )


def _attributes(found: Any) -> Iterator[tuple[str, SchemaAttribute]]:
    for each in found if isinstance(found, list) else ():
        described = _object(each)
        name = str(described.get("name") or "")
        if name:
            yield (
                name,
                SchemaAttribute(
                    name,
                    # Type names of custom security attributes may be capitalised.
                    str(described.get("type") or "string").lower(),
                    described.get("multiValued") is True,
                    described.get("mutability") != "readOnly",
                    str(described.get("returned") or "default"),
                    dict(_attributes(described.get("subAttributes"))),
                ),
            )


def _object(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}
