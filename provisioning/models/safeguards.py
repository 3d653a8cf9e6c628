"""What keeps a tenant from wrong writes: members of protected groups, and its domains."""

from django.db import models

from tenants.models import Customer, Tenant, User


class ProtectedMember(models.Model):
    """A direct member of a protected group, as last read."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="protected_members")
    group_id = models.CharField(max_length=64, help_text="Object id, in lower case.")
    entra_id = models.CharField(max_length=64, help_text="Object id, in lower case.")
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "entra_id", "group_id"], name="one_protected_member"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entra_id} in {self.group_id}"


class TenantDomain(models.Model):
    """A domain of a tenant as a person entered it; the entered ones are then all there are."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="domains")
    name = models.CharField(max_length=253, help_text="In lower case.")
    verified = models.BooleanField(default=True)
    federated = models.BooleanField(default=False)
    default = models.BooleanField(default=False)
    entered_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="one_domain_by_name"),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(default=True),
                name="one_default_domain",
            ),
        ]

    def __str__(self) -> str:
        return self.name
