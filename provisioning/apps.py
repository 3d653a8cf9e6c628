"""What happens to people and groups."""

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """Jobs: planned, priced, approved, applied, settled."""

    name = "provisioning"
