"""Who the customers are, who may see them, how their directory is reached."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created

from tenants import row_security


class TenantsConfig(AppConfig):
    """Lowest room: gives facts about itself only."""

    name = "tenants"

    def ready(self) -> None:
        """Connections get the scope they are opened in; `check --deploy` looks at their role."""
        from allauth.socialaccount.providers import registry

        from tenants.checks import attempts_cache, database_role
        from tenants.sign_in import trail
        from tenants.sign_in.entra import EntraProvider

        trail.connect()
        registry.register(EntraProvider)
        register(attempts_cache, Tags.security, deploy=True)
        connection_created.connect(row_security.follow, dispatch_uid="row_security")
        register(database_role, Tags.security, deploy=True)
