"""Who the customers are, who may see them, how their directory is reached."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Lowest room: gives facts about itself only."""

    name = "tenants"
