"""The Celery application; tasks are found in the installed apps."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import (
    before_task_publish,
    celeryd_init,
    setup_logging,
    task_postrun,
    task_prerun,
)

from msp_portal import broker
from tenants import request_ids

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")

broker.register()

app = Celery("msp_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

before_task_publish.connect(request_ids.into_message, dispatch_uid="request_id")
task_prerun.connect(request_ids.begin_task, dispatch_uid="request_id")
task_postrun.connect(request_ids.end_task, dispatch_uid="request_id")


@setup_logging.connect
def _leave_logging_alone(**_: Any) -> None:
    """Django has configured logging; a receiver here keeps Celery from doing it again."""


@celeryd_init.connect
def _open_ring(**_: Any) -> None:
    """A worker that cannot read what is stored does not begin to work."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import connections

    from tenants.services.keys import open_ring

    try:
        open_ring()
    except ImproperlyConfigured as lost:
        # Celery reports errors of receivers and goes on.
        sys.exit(f"The worker does not start. {lost}")
    finally:
        connections.close_all()
