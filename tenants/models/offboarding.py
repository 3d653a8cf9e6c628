"""The end of a tenant: what was stopped, revoked and erased, and when."""

from django.db import models

from tenants.models.customers import Customer, Tenant
from tenants.models.people import User


class Offboarding(models.Model):
    """A tenant on its way out. Nothing begins any more; people's data is erased at `erase_after`.

    `proof` holds the number of rows of each table before the erasure, filled while it goes on.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="offboarding")
    reason = models.CharField(max_length=300, blank=True)
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, help_text="When jobs and credentials had ended.")
    erase_after = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    proof = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"Offboarding of {self.tenant}"
