"""Who the customers are, who may see them, how their directory is reached."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created

from tenants import row_security


class TenantsConfig(AppConfig):
    """Lowest room: gives facts about itself only."""

    name = "tenants"

    def ready(self) -> None:
        """Connections get the scope they are opened in; `check --deploy` looks at their role.

        It also looks whether the key ring is whole.
        """
        from tenants import sealed
        from tenants.checks import database_role, key_ring
        from tenants.tokens import secret_place

        connection_created.connect(row_security.follow, dispatch_uid="row_security")
        register(database_role, Tags.security, deploy=True)
        register(key_ring, Tags.security, deploy=True)
        sealed.register("tenants.Credential", "sealed_secret", secret_place)
