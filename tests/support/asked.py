"""What a page asks the database for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

# What a request brings along: its savepoints, and on PostgreSQL the scope that is set in them.
_FRAME = re.compile(
    r"\s*(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|SELECT set_config)", re.IGNORECASE
)


@contextmanager
def at_most(number: int) -> Iterator[None]:
    """Queries of its own at most; the same on both stacks."""
    with CaptureQueriesContext(connection) as seen:
        yield
    own = [query["sql"] for query in seen if not _FRAME.match(query["sql"])]
    assert len(own) <= number, f"{len(own)} queries:\n" + "\n".join(own)
