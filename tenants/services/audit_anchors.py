"""Anchors: how many events the chain had, the last link and the time, under a seal.

Each is a row and a file. Files belong where who can write to the database cannot: a mounted share,
a bucket with write-once retention. One file is enough to prove everything before it.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from tenants import seals
from tenants.models import AuditAnchor
from tenants.row_security import everything
from tenants.seals import Verdict
from tenants.services.audit_links import link_events, locked_head


class NoAnchor(Exception):
    """An anchor cannot be written or read; str() says why."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One anchor, and where it was found; `mac` is its seal."""

    where: str
    events: int
    link: str
    at: str
    mac: str
    exported: bool = False

    def verdict(self) -> Verdict:
        """Whether the portal has made it."""
        return seals.check(self.mac, "anchor", self.events, self.link, self.at)


def export_anchor(folder: Path, now: datetime) -> tuple[AuditAnchor, Path]:
    """Note how the chain is now and write it to a file; raises NoAnchor, HeadBroken.

    Without a new event it is the last anchor once more, so that a lost file comes back.
    """
    with everything():
        link_events()
        row = _note(now)
    path = folder / f"anchor-{row.events:012}.json"
    text = json.dumps(_plain(row), indent=2) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_text(text)
            os.replace(part, path)
    except OSError as error:
        raise NoAnchor(f"No anchor was written to {folder}: {error.strerror}.") from error
    return row, path


def anchors_in(folder: Path) -> list[Anchor]:
    """The exported anchors, in order; a folder that is not there has none. Raises NoAnchor."""
    if not folder.exists():
        return []
    try:
        return [_read(path) for path in sorted(folder.glob("*.json"))]
    except OSError as error:
        raise NoAnchor(f"{folder} cannot be read: {error.strerror}.") from error


def anchors_kept() -> list[Anchor]:
    """Those in the database."""
    rows = AuditAnchor.objects.order_by("events")
    return [Anchor(f"Anchor of {row.at:%Y-%m-%d %H:%M} UTC", **_plain(row)) for row in rows]


def check_anchors(
    anchors: Iterable[Anchor], wanted: dict[int, set[str]]
) -> Iterator[tuple[str, str]]:
    """Where and what is wrong with anchors; `wanted` gets the links they ask for, by position.

    What an exported one says is asked for whatever its seal says: a wrong one must be explained.
    """
    kept: set[int] = set()
    exported: set[int] = set()
    for anchor in anchors:
        if anchor.events < 0:
            yield anchor.where, "this is no anchor"
            continue
        (exported if anchor.exported else kept).add(anchor.events)
        if anchor.verdict() is Verdict.FORGED:
            yield anchor.where, "this anchor was changed"
        else:
            wanted.setdefault(anchor.events, set()).add(anchor.link)
    for events in sorted(exported - kept):
        yield f"Anchor at event {events}", "its file is there, its row was removed"


@transaction.atomic
def _note(now: datetime) -> AuditAnchor:
    end = locked_head()
    at = now.astimezone(UTC).isoformat(timespec="microseconds")
    row, _ = AuditAnchor.objects.get_or_create(
        events=end.position,
        defaults={
            "at": now,
            "link": end.link,
            "mac": seals.seal("anchor", end.position, end.link, at),
        },
    )
    return row


def _plain(row: AuditAnchor) -> dict[str, Any]:
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    return {"events": row.events, "link": row.link, "at": at, "mac": row.mac}


def _read(path: Path) -> Anchor:
    try:
        found = json.loads(path.read_bytes())
        events, link, at, mac = (found[name] for name in ("events", "link", "at", "mac"))
        if [type(each) for each in (events, link, at, mac)] != [int, str, str, str]:
            raise TypeError
        return Anchor(path.name, events, link, at, mac, exported=True)
    except (ValueError, TypeError, KeyError):
        return Anchor(path.name, -1, "", "", "", exported=True)
