"""The Celery application; tasks are found in the installed apps."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

from msp_portal import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")

broker.register()

app = Celery("msp_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _leave_logging_alone(**_: Any) -> None:
    """Django has configured logging; a receiver here keeps Celery from doing it again."""
