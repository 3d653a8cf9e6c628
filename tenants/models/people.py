"""People of ours, and which customers they may see."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from tenants.domain.roles import Role
from tenants.models.customers import Customer


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
    # Counts how often all sessions were ended; a part of each session's hash.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[PortalUserManager] = PortalUserManager()

    def __str__(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """A session is over when the password changed, or all were ended."""
        counted = f"{self.password}/{self.session_epoch}"
        salt = "tenants.User.session"
        return salted_hmac(salt, counted, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        """Name as shown to others."""
        return str(self)

    def get_short_name(self) -> str:
        """Name as shown to others."""
        return str(self)


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
