"""People of ours, and which customers they may see."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from tenants.domain.reach import Reach, Scope
from tenants.domain.roles import CUSTOMERS_OWN, Role
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

    # What `selectors.keep_reaches` has read; a request's person only.
    kept_reaches: list[tuple[Role, Reach]] | None = None

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
    """A role of a person, and at which customers: all, all but those named, or those named."""

    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, choices=[(role.value, role.words) for role in Role])
    scope = models.CharField(
        max_length=10,
        choices=[
            (Scope.ALL.value, "All customers"),
            (Scope.ALL_EXCEPT.value, "All customers but"),
            (Scope.LISTED.value, "Only"),
        ],
    )
    customers = models.ManyToManyField(Customer, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="one_grant_of_a_role"),
            models.CheckConstraint(
                condition=~Q(role__in=sorted(CUSTOMERS_OWN)) | Q(scope=Scope.LISTED),
                name="customers_people_have_customers",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}, {self.where}"

    @property
    def reach(self) -> Reach:
        """The customers as a value."""
        return Reach(Scope(self.scope), frozenset(each.pk for each in self.customers.all()))

    @property
    def where(self) -> str:
        """The customers in words."""
        names = ", ".join(sorted(each.name for each in self.customers.all()))
        if self.scope == Scope.ALL:
            return "all customers"
        return f"all customers but {names}" if self.scope == Scope.ALL_EXCEPT else names or "none"
