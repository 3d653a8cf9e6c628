"""The audit trail as CSV, line by line."""

import csv
import json
from collections.abc import Iterable, Iterator

from tenants.domain.spreadsheets import cell
from tenants.models import AuditEvent

COLUMNS = (
    *("event", "at_utc", "customer", "actor", "action", "object", "detail", "request", "link"),
)


class _Line:
    """A file of one line: gives what is written to it."""

    def write(self, text: str) -> str:
        return text


def audit_lines(events: Iterable[AuditEvent]) -> Iterator[str]:
    """Header and a line for each event; texts cannot become formulas."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for event in events:
        yield writer.writerow([cell(text) for text in _values(event)])


def _values(event: AuditEvent) -> list[str]:
    return [
        str(event.position or ""),
        event.at.isoformat(),
        event.customer.slug if event.customer else "",
        event.actor_email,
        event.action,
        event.subject if event.kept else "(erased)",
        json.dumps(event.detail, sort_keys=True, ensure_ascii=False) if event.detail else "",
        event.request_id,
        event.link,
    ]
