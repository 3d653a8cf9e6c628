"""What the calls cost."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Knows tenants and opaque labels, never a job."""

    name = "billing"
