"""What is said of a crash, on Django's technical page and in reports: where it was, no values."""

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class NoValues(SafeExceptionReporterFilter):
    """Hides variables, what was posted, cookies, and all settings and headers.

    Django's own filter hides what is named like a secret, and nothing at all while DEBUG is on.
    """

    def is_active(self, request: HttpRequest | None) -> bool:
        """Always, also while DEBUG is on."""
        return True

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """No setting, header or cookie: addresses of databases and brokers hold passwords."""
        return self.cleansed_substitute

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Names only."""
        posted = {} if request is None else request.POST
        return dict.fromkeys(posted, self.cleansed_substitute)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        """Names only."""
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
