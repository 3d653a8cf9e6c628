"""What happens to people and groups."""

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """Jobs: planned, priced, approved, applied, settled."""

    name = "provisioning"

    def ready(self) -> None:
        """Say where records are sealed, so that keys can be rotated."""
        from provisioning.services.snapshots import chunk_place
        from tenants import sealed

        sealed.register("provisioning.SnapshotChunk", "sealed", chunk_place, related=("snapshot",))
