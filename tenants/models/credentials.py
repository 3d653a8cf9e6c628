"""How a tenant's directory is reached."""

from django.db import models
from django.db.models import Q

from tenants.models.customers import Customer, Tenant
from tenants.models.people import User


class Credential(models.Model):
    """How an app-only token for a tenant is got; the secret is sealed by the vault.

    A tenant has one in use (`active`) and at most one beside it (`standby`): the next one, or after
    a switch the one before, to which one can go back. All others are former ones, without a secret.
    """

    class Kind(models.TextChoices):
        CLIENT_SECRET = "client_secret", "Client secret"
        CERTIFICATE = "certificate", "Certificate"
        FEDERATED = "federated", "Workload identity"
        FEDERATED_IDENTITY = "federated_identity", "Managed identity, federated"
        MANAGED_IDENTITY = "managed_identity", "Managed identity of this host"

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="credentials")
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.CLIENT_SECRET)
    client_id = models.CharField("application (client) id", max_length=64)
    sealed_secret = models.BinaryField(help_text="Empty where nothing is secret.")
    thumbprint = models.CharField("SHA-256 thumbprint", max_length=64, blank=True)
    certificate = models.TextField(blank=True, help_text="The public part, as PEM.")
    subject = models.CharField(max_length=300, blank=True)
    issuer = models.CharField(max_length=300, blank=True)
    identity_id = models.CharField(
        "client id of a user-assigned managed identity", max_length=64, blank=True
    )
    expires_at = models.DateTimeField(null=True)
    warned_days = models.SmallIntegerField(
        null=True, help_text="The last threshold people were told of; 0: that it has expired."
    )
    active = models.BooleanField(default=True)
    standby = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True)
    # Written when a token was obtained or refused, not for each call.
    first_used_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_for = models.CharField(max_length=60, blank=True)
    tokens = models.PositiveIntegerField(default=0)
    roles = models.JSONField(null=True, help_text="Permissions in the last token, if it shows any.")
    refused_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(active=True), name="one_active_credential"
            ),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(standby=True), name="one_standby_credential"
            ),
            models.CheckConstraint(
                condition=~Q(active=True, standby=True), name="in_use_or_beside_it"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.client_id}"

    @property
    def proven(self) -> bool:
        """Whether it got a token the last time one was asked for with it."""
        used, refused = self.last_used_at, self.refused_at
        return used is not None and (refused is None or refused < used)
