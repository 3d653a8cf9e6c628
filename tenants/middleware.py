"""On PostgreSQL each request of a person sees the rows of their customers, whatever it asks for."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from types import TracebackType
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase
from django.http.response import StreamingHttpResponse

from tenants.domain.reach import EVERYWHERE
from tenants.models import User
from tenants.row_security import everything, scope
from tenants.selectors import customers_in, keep_reaches, reach_of

_Scope = Callable[[], AbstractContextManager[None]]


class RowSecurityMiddleware:
    """One transaction around a view, with the scope of who asks; the last of all middleware.

    The scope is set within the transaction and ends with it, because connections are kept for
    other requests. The view is a savepoint in it: when it fails, its writes are taken back and the
    page that says so is still rendered within the scope. On SQLite there is neither, because there
    even a transaction that reads locks out every writer.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; a body that is streamed is made later, in a transaction of its own."""
        work = _Work()
        request.row_security = work  # type: ignore[attr-defined]
        with work:
            response = self._get_response(request)
        if work.scope is not None and isinstance(response, StreamingHttpResponse):
            parts = iter(response)
            response.streaming_content = _streamed(parts, work.scope)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> None:
        """Begin for a person who is signed in; nobody else needs the row of a customer."""
        if isinstance(request.user, User):
            see_as(request, request.user, outside=getattr(view, "outside_transaction", False))

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """Take back what the view has written, and what it wanted to be told on commit."""
        request.row_security.fail(error)  # type: ignore[attr-defined]


def see_as(request: HttpRequest, person: User, *, outside: bool = False) -> None:
    """From here on the request is this person's, and sees the rows of their customers."""
    request.user = person
    keep_reaches(person)
    if connection.vendor == "postgresql":
        request.row_security.begin(_scope_of(person), outside=outside)  # type: ignore[attr-defined]


class _Work:
    """What was begun for a request: a transaction, the scope in it, the view's savepoint."""

    def __init__(self) -> None:
        self.scope: _Scope | None = None
        self._around, self._view = ExitStack(), ExitStack()

    def __enter__(self) -> None:
        """Nothing is begun before a view was found."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._view.__exit__(kind, error, trace)
        self._around.__exit__(kind, error, trace)

    def begin(self, scope: _Scope, *, outside: bool) -> None:
        """Set the scope, in a transaction unless the view wants none."""
        self.scope = scope
        if not outside:
            self._around.enter_context(transaction.atomic())
        self._around.enter_context(scope())
        if not outside:
            self._view.enter_context(transaction.atomic())

    def fail(self, error: Exception) -> None:
        """Roll the view back; what comes after it still has the scope."""
        self._view.__exit__(type(error), error, error.__traceback__)


def _streamed(parts: Iterator[bytes], scope: _Scope) -> Iterator[bytes]:
    with transaction.atomic(), scope():
        yield from parts


def _scope_of(person: User) -> _Scope:
    """The customers at which a person holds any role; grants are not under row-level security."""
    reach = reach_of(person)
    if reach == EVERYWHERE:
        return everything
    with everything():
        return partial(scope, set(customers_in(reach).values_list("pk", flat=True)))
