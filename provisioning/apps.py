"""What happens to people and groups."""

from django.apps import AppConfig
from django.urls import reverse

from billing import labels
from billing.labels import Target


class ProvisioningConfig(AppConfig):
    """Jobs: planned, priced, approved, applied, settled."""

    name = "provisioning"

    def ready(self) -> None:
        """Say whose an address of jobs is, where records are sealed, and what our labels mean."""
        from provisioning.models import Job
        from provisioning.services.snapshots import chunk_place
        from tenants import sealed
        from tenants.access import names

        jobs = Job.objects.values_list("customer_id", flat=True)
        names("jobs", lambda pk: jobs.filter(pk=pk).first())
        sealed.register("provisioning.SnapshotChunk", "sealed", chunk_place, related=("snapshot",))
        labels.register("job", _job)
        labels.register("connection", lambda rest: Target("Connection test"))
        labels.register("schema", lambda rest: Target("Reading the schemas"))


def _job(pk: str) -> Target:
    return Target(f"Job {pk}", reverse("job_detail", kwargs={"pk": int(pk)}))
