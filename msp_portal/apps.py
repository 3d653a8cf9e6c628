"""The composition root as an app: overview, demo, commands."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Loads the Celery app, so that tasks sent from the web process use our broker."""

    name = "msp_portal"

    def ready(self) -> None:
        """Import the Celery app; with empty package roots nobody else would."""
        from msp_portal import celery  # noqa: F401
