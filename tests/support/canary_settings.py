"""The portal's settings with every logger at DEBUG, also those the portal keeps quiet."""

from msp_portal.settings import *  # noqa: F403
from msp_portal.settings import STORAGES

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "DEBUG"},
    "loggers": {
        name: {"level": "DEBUG", "propagate": True}
        for name in ("django", "django.request", "celery", "kombu", "httpx", "httpcore", "msal")
    },
}
# `collectstatic` is not run for tests.
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
