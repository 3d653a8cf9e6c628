"""What happens to people and groups."""

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """Jobs: planned, priced, approved, applied, settled."""

    name = "provisioning"

    def ready(self) -> None:
        """Addresses of jobs name customers' objects."""
        from provisioning.models import Job
        from tenants.access import names

        jobs = Job.objects.values_list("customer_id", flat=True)
        names("jobs", lambda pk: jobs.filter(pk=pk).first())
