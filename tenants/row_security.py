"""Row-level security: whose rows a connection to PostgreSQL may see and write.

The rule lies in the database: a table that holds customers' data has a policy, forced, so that it
binds the tables' owner too (`protect`, for migrations). It asks settings of the session: one names
the customers, the other says whether the lanes of all are seen, which hold no personal data. Unset
means nothing at all, so that a forgotten filter gives nothing, and a forgotten scope as well. It
guards against forgetting, not against injected SQL: the application sets its own scope.

In a transaction a scope ends with it; outside one it lasts until the block is left. A connection
that is opened within the block gets the scope as well, so that a lost one is no way out or in. On
other databases nothing of this happens, and costs nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import Error, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

P = ParamSpec("P")
R = TypeVar("R")

ALL = "all"
_POLICY = "customers"
_SET = "SELECT set_config('portal.customers', %s, %s), set_config('portal.lanes', %s, %s)"


@dataclass(frozen=True, slots=True)
class Scope:
    """What the policies ask: customers ("", "all", or ids with commas), and every lane or not."""

    customers: str = ""
    lanes: str = ""


_NOTHING = Scope()
_current: ContextVar[Scope] = ContextVar("row_security", default=_NOTHING)


@contextmanager
def scope(customers: Iterable[int]) -> Iterator[None]:
    """Only the rows of these customers (by pk), also where a wider scope was set around it."""
    ids = ",".join(str(int(pk)) for pk in sorted(customers))
    with _set(replace(_current.get(), customers=ids)):
        yield


@contextmanager
def everything() -> Iterator[None]:
    """The rows of all customers: for what is nobody's request, and for what must be unique."""
    with _set(Scope(ALL, "on")):
        yield


@contextmanager
def every_lane() -> Iterator[None]:
    """Besides the scope the lanes of all customers: a worker looks for the next one."""
    with _set(replace(_current.get(), lanes="on")):
        yield


def over_everything(task: Callable[P, R]) -> Callable[P, R]:
    """For tasks about the rows of all customers."""
    return _within(everything, task)


def over_lanes(task: Callable[P, R]) -> Callable[P, R]:
    """For tasks that see no customer's rows but lanes, until they set a customer's scope."""
    return _within(every_lane, task)


def outside_transaction(view: Callable[P, R]) -> Callable[P, R]:
    """For views that send mail or make calls: no transaction around them, the scope is kept."""
    view.outside_transaction = True  # type: ignore[attr-defined]
    return view


def follow(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """A receiver of `connection_created`: what is opened within a scope has it."""
    if _current.get() != _NOTHING and connection.vendor == "postgresql":
        _tell(connection, _current.get(), local=False)


def protect(table: str, *, column: str = "customer_id", shared: bool = False) -> "Protect":
    """For migrations: the rows of a table belong to the customer in this column.

    `shared`: rows without a customer are the MSP's own, and everybody's.
    """
    null = f"{column} IS NULL OR " if shared else ""
    return Protect(table, f"{null}{_EVERYTHING} OR {column} IN ({_CUSTOMERS})")


def protect_lanes(table: str) -> "Protect":
    """For migrations: as `protect`, but a worker that looks for the next lane sees all rows."""
    lanes = "(SELECT current_setting('portal.lanes', true) = 'on')"
    return Protect(table, f"{lanes} OR {_EVERYTHING} OR customer_id IN ({_CUSTOMERS})")


def protect_by_parent(table: str, *, column: str, parent: str) -> "Protect":
    """For migrations: who sees a row of the parent table (by its id) sees what hangs on it."""
    seen = f"SELECT 1 FROM {parent} p WHERE p.id = {table}.{column}"  # noqa: S608 - our own names
    return Protect(table, f"EXISTS ({seen})")


class Protect(Operation):
    """Puts a table under row-level security; does nothing on other databases than PostgreSQL."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, table: str, condition: str) -> None:
        self.table = table
        self.condition = condition

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models know nothing of it."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Write the policy anew, also for whoever owns the table."""
        self._execute(
            schema_editor,
            f"DROP POLICY IF EXISTS {_POLICY} ON {self.table}",
            f"CREATE POLICY {_POLICY} ON {self.table}"
            f" USING ({self.condition}) WITH CHECK ({self.condition})",
            f"ALTER TABLE {self.table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        )

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """As it was before."""
        self._execute(
            schema_editor,
            f"ALTER TABLE {self.table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY",
            f"DROP POLICY IF EXISTS {_POLICY} ON {self.table}",
        )

    def describe(self) -> str:
        """In words, for `migrate --plan`."""
        return f"Row-level security on {self.table}"

    def _execute(self, schema_editor: BaseDatabaseSchemaEditor, *statements: str) -> None:
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement, params=None)


# Sub-selects, because the planner runs each once for a statement and not once for a row. The ids
# are rows of one, and not an array, because it hashes those: 300 ids took six times as long.
_EVERYTHING = f"(SELECT current_setting('portal.customers', true) = '{ALL}')"
_CUSTOMERS = (
    "SELECT unnest((SELECT CASE WHEN current_setting('portal.customers', true)"
    f" = '{ALL}' THEN '{{}}' ELSE '{{' || current_setting('portal.customers', true) || '}}' END"
    ")::bigint[])"
)


def _within(around: Callable[[], Any], task: Callable[P, R]) -> Callable[P, R]:
    @wraps(task)
    def scoped(*args: P.args, **kwargs: P.kwargs) -> R:
        with around():
            return task(*args, **kwargs)

    scoped.row_security = around.__name__  # type: ignore[attr-defined]
    return scoped


@contextmanager
def _set(wanted: Scope) -> Iterator[None]:
    before = _current.get()
    _current.set(wanted)
    try:
        _apply(wanted)
        yield
    finally:
        _current.set(before)
        _restore(before)


def _apply(wanted: Scope) -> None:
    """Tell the connection; one that is not open yet is told by `follow`."""
    if connection.vendor == "postgresql" and connection.connection is not None:
        _tell(connection, wanted, local=connection.in_atomic_block)


def _restore(before: Scope) -> None:
    """Take a scope back, or the connection with it: it may go to somebody else."""
    try:
        _apply(before)
    except Error:
        # A transaction that has failed takes the setting back itself, by its rollback.
        if not connection.in_atomic_block:
            connection.close()
    except BaseException:
        connection.close()
        raise


def _tell(to: BaseDatabaseWrapper, wanted: Scope, *, local: bool) -> None:
    with to.cursor() as cursor:
        cursor.execute(_SET, [wanted.customers, local, wanted.lanes, local])
