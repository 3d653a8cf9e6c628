"""An id for each request, by which a person's error, the log lines and the audit trail meet.

A task that was sent while a request was answered carries its id on; any other has its own.
"""

import logging
import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

HEADER = "X-Request-ID"
TASK_HEADER = "portal_request_id"
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}\Z")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of the request or task that is being worked on; empty outside of one."""
    return _current.get()


class RequestIdMiddleware:
    """The first of all middleware, so that whatever answers has the id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the id in a header: the proxy's where it is trusted, otherwise our own."""
        given = request.headers.get(HEADER, "") if settings.TRUST_REQUEST_ID else ""
        token = _current.set(given if _WELL_FORMED.match(given) else uuid4().hex)
        try:
            response = self._get_response(request)
            response.headers[HEADER] = current()
            return response
        finally:
            _current.reset(token)


class RequestIdFilter(logging.Filter):
    """Gives log records the id as `request_id`; a dash outside of a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes."""
        record.request_id = current() or "-"
        return True


def into_message(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """A receiver of Celery's `before_task_publish`."""
    if headers is not None and current():
        headers[TASK_HEADER] = current()


def begin_task(task_id: str = "", task: Any = None, **_: Any) -> None:
    """A receiver of Celery's `task_prerun`: the id of who sent the task, or the task's own."""
    given = getattr(getattr(task, "request", None), TASK_HEADER, None)
    _current.set(str(given) if given and _WELL_FORMED.match(str(given)) else task_id)


def end_task(**_: Any) -> None:
    """A receiver of Celery's `task_postrun`."""
    _current.set("")
