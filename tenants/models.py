"""People of ours, customers, their tenants and credentials."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q

from tenants.domain.clouds import CLOUDS
from tenants.domain.roles import Role
from tenants.zones import known_time_zone


class PortalUserManager(UserManager["User"]):
    """Accounts are named by e-mail address, compared without case."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":  # type: ignore[override]
        """Add a person; without a password they cannot sign in until one is set."""
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":  # type: ignore[override]
        """Add an administrator of everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find by e-mail address, whatever its case."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractUser):
    """A person who signs in."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=200, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[PortalUserManager] = PortalUserManager()

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """Name as shown to others."""
        return str(self)

    def get_short_name(self) -> str:
        """Name as shown to others."""
        return str(self)


class Customer(models.Model):
    """An organisation the MSP serves."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AccessGrant(models.Model):
    """Which customers a person may see, in which role; no customer means all of them."""

    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True)
    role = models.CharField(
        max_length=20, choices=[(role.value, role.name.title()) for role in Role]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "customer", "role"], name="one_grant"),
            models.UniqueConstraint(
                fields=["user", "role"], condition=Q(customer=None), name="one_grant_over_all"
            ),
            models.CheckConstraint(
                condition=~Q(role=Role.VIEWER) | Q(customer__isnull=False),
                name="a_viewer_has_a_customer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} of {self.customer or 'all customers'}"


class Tenant(models.Model):
    """One Entra directory of a customer."""

    class Purpose(models.TextChoices):
        PRODUCTION = "production", "Production"
        TEST = "test", "Test"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="tenants")
    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True, help_text="Short name for addresses and the command line.")
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.PRODUCTION)
    cloud = models.CharField(
        max_length=20,
        choices=[(cloud.name, cloud.label) for cloud in CLOUDS.values()],
        default="global",
    )
    entra_id = models.CharField("tenant id", max_length=64)
    sandbox_url = models.URLField("sandbox address", blank=True)
    protected_accounts = models.JSONField(
        default=list,
        blank=True,
        help_text="Object ids, user names, or patterns with * that are never written.",
    )
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[known_time_zone],
        help_text="Where the customer's days begin: last days, joining days, schedules.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(cloud="sandbox", sandbox_url__gt="")
                | (~Q(cloud="sandbox") & Q(sandbox_url="")),
                name="a_sandbox_address_for_sandboxes_only",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The customer's time zone."""
        return ZoneInfo(self.time_zone)


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


class AuditEvent(models.Model):
    """Who did what; written in the transaction of the change itself, never changed."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(User, models.SET_NULL, null=True)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["customer", "-at"], name="audit_by_customer")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
