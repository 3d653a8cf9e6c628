"""Query parameters, page sizes and cursors (fact sheet, 5, List; RFC 9865 for cursors)."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote_plus

from msp_portal.sandbox.directory import Entry
from msp_portal.sandbox.errors import ScimError, bad_value
from msp_portal.sandbox.http import Response, dump
from msp_portal.sandbox.projection import Projection
from msp_portal.sandbox.schemas import LIST_RESPONSE
from msp_portal.sandbox.switches import Switches

DEFAULT_PAGE = 100
LIST_PARAMETERS = ("filter", "attributes", "excludedattributes", "count", "cursor")
# In base64 these bytes give "++//", and 19 bytes give "==": a client that does not escape what it
# sends back is found out at once.
_MARK = b"\xfb\xef\xff"


def parse_query(raw: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """Parameters by lower-case name; ScimError 400 for unknown, doubled or badly spaced ones."""
    query: dict[str, str] = {}
    for pair in raw.split("&") if raw else ():
        key, equals, value = pair.partition("=")
        key, value = unquote_plus(key), unquote_plus(value)
        if key != key.strip() or (equals and value != value.lstrip()):
            raise bad_value("White space around '=' of a query parameter is not allowed.")
        if key.lower() not in allowed:
            raise bad_value(f"Query parameter '{key}' is not supported here.")
        if key.lower() in query:
            raise bad_value(f"Query parameter '{key}' is given twice.")
        query[key.lower()] = value
    return query


def page_size(query: dict[str, str], switches: Switches) -> int:
    """`count` as a number; 100 when it is absent. Zero is refused (or allowed by a switch)."""
    text = query.get("count")
    if text is None:
        return DEFAULT_PAGE
    if not text.isascii() or not text.isdigit():
        raise bad_value(f"'count' must be a whole number, not '{text}'.")
    count = int(text)
    if count == 0 and switches.count_zero_status != 200:
        raise bad_value("'count' must be greater than 0.")
    return count


def user_page_size(count: int, projection: Projection) -> int:
    """More than 100 users need a projection without manager; otherwise 100, silently."""
    if count > 999:
        raise bad_value("'count' must not be greater than 999.")
    if count > DEFAULT_PAGE and (not projection.named or projection.shows_manager):
        return DEFAULT_PAGE
    return count


def group_page_size(count: int) -> int:
    """Groups come up to 1,000 a page."""
    if count > 1000:
        raise bad_value("'count' must not be greater than 1000.")
    return count


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes and reads the cursors of one query of one directory."""

    key: bytes
    query: str

    @classmethod
    def of(cls, key: bytes, tenant: str, path: str, query: dict[str, str]) -> "Cursors":
        """For a query; its cursors open nothing else."""
        parts = sorted((k, v) for k, v in query.items() if k != "cursor")
        return cls(key, repr((tenant, path, parts)))

    def write(self, seq: int) -> str:
        """Cursor of the page that starts at `seq`; contains `+`, `/` and `=`."""
        position = seq.to_bytes(8, "big")
        return base64.b64encode(_MARK + position + self._seal(position)).decode()

    def read(self, text: str) -> int:
        """Where the page starts; ScimError 400 when the cursor is not this query's."""
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError:
            data = b""
        position, seal = data[3:11], data[11:]
        if data[:3] != _MARK or not hmac.compare_digest(seal, self._seal(position)):
            raise ScimError(400, "The cursor is not valid for this query.", "invalidCursor")
        return int.from_bytes(position, "big")

    def _seal(self, position: bytes) -> bytes:
        return hmac.digest(self.key, self.query.encode() + position, hashlib.sha256)[:8]


def list_response(
    entries: Iterable[Entry],
    limit: int,
    projection: Projection,
    cursors: Cursors,
    *,
    first: bool,
    last_total: bool = False,
) -> Response:
    """One page. A list of one page has `totalResults`, one of several `itemsPerPage`.

    With `last_total` the last of several pages carries `totalResults` instead.
    """
    walk: Iterator[Entry] = iter(entries)
    page = list(islice(walk, limit))
    following = next(walk, None) if limit else None
    fields: dict[str, object] = {"schemas": [LIST_RESPONSE]}
    if limit == 0:
        fields["totalResults"] = sum(1 for _ in walk)
    elif following is None and (first or last_total):
        fields["totalResults"] = len(page)
    else:
        fields["itemsPerPage"] = len(page)
    if following is not None:
        fields["nextCursor"] = cursors.write(following.seq)
    rendered = b",".join(map(projection.render, page))
    return Response(200, dump(fields)[:-1] + b',"resources":[' + rendered + b"]}")
