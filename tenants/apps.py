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

        It also looks whether the key ring is whole, and where attempts to sign in are counted.
        """
        from allauth.socialaccount.providers import registry

        from tenants import sealed
        from tenants.checks import attempts_cache, database_role, key_ring
        from tenants.services.destinations import secret_places
        from tenants.sign_in import factors, trail
        from tenants.sign_in.entra import EntraProvider
        from tenants.tokens import secret_place

        trail.connect()
        registry.register(EntraProvider)
        connection_created.connect(row_security.follow, dispatch_uid="row_security")
        register(attempts_cache, Tags.security, deploy=True)
        register(database_role, Tags.security, deploy=True)
        register(key_ring, Tags.security, deploy=True)
        sealed.register("tenants.Credential", "sealed_secret", secret_place)
        for field, place in secret_places.items():
            sealed.register("tenants.Destination", field, place)
        sealed.register("mfa.Authenticator", "data", factors.place, wrapping=factors.WRAPPING)
