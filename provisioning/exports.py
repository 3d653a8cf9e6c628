"""A job's operations and held records as rows for a spreadsheet."""

import csv
from typing import Protocol

from billing.exports import cell
from provisioning import selectors
from provisioning.domain.attributes import USER_NAME
from provisioning.domain.redaction import DISPLAY_NAME, shown_name, shown_text
from provisioning.models import Job, Operation

_COLUMNS = ("kind", "outcome", "key", "person", "user_name", "changed", "message")


class Writable(Protocol):
    """Whatever takes text."""

    def write(self, text: str, /) -> object:
        """Take the next piece."""


def write_job(job: Job, out: Writable) -> None:
    """Write a job as CSV, a row for each operation and held record, without redacted values."""
    rows = csv.writer(out)
    rows.writerow(_COLUMNS)
    redacted, way_in = selectors.redacted_paths(job), selectors.way_in_of(job)
    for op in job.operations.iterator(2000):
        told = shown_text(
            " ".join(filter(None, (op.reason, op.warning, op.message, op.detail))),
            (op.before, op.after),
            redacted,
        )
        if op.kind == Operation.Kind.CREATE and op.state == Operation.State.DONE:
            told = f"{told} {way_in}".strip()
        hidden = frozenset() if op.on_group else redacted
        person = shown_name(DISPLAY_NAME, op.person, hidden)
        user_name = shown_name(USER_NAME, op.user_name, hidden)
        changed = ", ".join(op.after or [key or entra_id for key, entra_id in op.members])
        row = (op.kind, op.state, op.key, person, user_name, changed, told)
        rows.writerow([cell(text) for text in row])
    for held in job.held_records.iterator(2000):
        message = f"line {held.line}: {held.message}"
        rows.writerow([cell(text) for text in ("held", held.stage, held.key, "", "", "", message)])
