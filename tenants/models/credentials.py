"""How a tenant's directory is reached."""

from django.db import models
from django.db.models import Q

from tenants.models.customers import Customer, Tenant
from tenants.models.people import User


class Credential(models.Model):
    """How an app-only token for a tenant is got; the secret is sealed by the vault."""

    class Kind(models.TextChoices):
        CLIENT_SECRET = "client_secret", "Client secret"
        CERTIFICATE = "certificate", "Certificate"
        FEDERATED = "federated", "Workload identity"

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="credentials")
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.CLIENT_SECRET)
    client_id = models.CharField("application (client) id", max_length=64)
    sealed_secret = models.BinaryField(help_text="Empty where nothing is secret.")
    thumbprint = models.CharField("SHA-256 thumbprint", max_length=64, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    expires_at = models.DateTimeField(null=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(active=True), name="one_active_credential"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.client_id}"
