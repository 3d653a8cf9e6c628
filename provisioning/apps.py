"""What happens to people and groups."""

from django.apps import AppConfig
from django.urls import reverse

from billing import labels
from billing.labels import Target


class ProvisioningConfig(AppConfig):
    """Jobs: planned, priced, approved, applied, settled."""

    name = "provisioning"

    def ready(self) -> None:
        """Tell the cost pages what this room's labels stand for."""
        labels.register("job", _job)
        labels.register("connection", lambda rest: Target("Connection test"))
        labels.register("schema", lambda rest: Target("Reading the schemas"))


def _job(pk: str) -> Target:
    return Target(f"Job {pk}", reverse("job_detail", kwargs={"pk": int(pk)}))
