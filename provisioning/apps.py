"""What happens to people and groups."""

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """Jobs: planned, priced, approved, applied, settled."""

    name = "provisioning"

    def ready(self) -> None:
        """Say whose an address of jobs is, and where records are sealed, to rotate keys."""
        from provisioning.models import Job
        from provisioning.services.snapshots import chunk_place
        from tenants import sealed
        from tenants.access import names

        jobs = Job.objects.values_list("customer_id", flat=True)
        names("jobs", lambda pk: jobs.filter(pk=pk).first())
        sealed.register("provisioning.SnapshotChunk", "sealed", chunk_place, related=("snapshot",))
