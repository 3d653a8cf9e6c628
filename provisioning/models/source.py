"""Where a tenant's people come from, and how they are mapped."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from tenants.models import Customer, Tenant, User


class Source(models.Model):
    """Where some of a tenant's people come from; for now a file that a person uploads.

    Of the sources of a tenant the one with the lower `position` has precedence. Jobs keep naming
    a source that was removed, so its row stays.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="sources")
    name = models.CharField(max_length=60, default="People")
    slug = models.SlugField(max_length=60, default="main")
    position = models.PositiveIntegerField(default=0, help_text="Precedence: the lowest wins.")
    removed_at = models.DateTimeField(null=True)
    loss_share = models.DecimalField(
        "largest share of people that may be missing",
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.100"),
    )
    loss_minimum = models.PositiveIntegerField("people missing before the share counts", default=5)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "slug"],
                condition=Q(removed_at=None),
                name="one_source_per_address",
            ),
            models.UniqueConstraint(
                fields=["tenant", "name"], condition=Q(removed_at=None), name="one_source_per_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def snapshot(self) -> "Snapshot | None":
        """The last accepted read."""
        return self.snapshots.filter(accepted_at__isnull=False).order_by("-accepted_at").first()


class MappingProfile(models.Model):
    """How a source's records become users; its content lives in versions and one draft.

    `draft_revision` counts savings of the draft, so that two people cannot overwrite each other.
    `origin` names the template or profile it was cloned from (see `services.library`), and
    `origin_definition` what that said then: drift is what either has changed since. While a draft
    from elsewhere waits, `origin_before` holds both as they were, should it be discarded.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="profiles")
    source = models.OneToOneField(Source, models.CASCADE, related_name="profile")
    name = models.CharField(max_length=200, default="People")
    draft = models.JSONField(null=True, help_text="What will be published next, right or wrong.")
    draft_revision = models.PositiveIntegerField(default=0)
    draft_saved_at = models.DateTimeField(null=True)
    draft_saved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    origin = models.CharField(max_length=100, blank=True)
    origin_definition = models.JSONField(null=True)
    origin_before = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.name} of {self.tenant}"

    @property
    def current(self) -> "ProfileVersion | None":
        """The version new jobs use."""
        return self.versions.first()


class ProfileVersion(models.Model):
    """A published, immutable definition (see provisioning.domain.mapping)."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    profile = models.ForeignKey(MappingProfile, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    note = models.CharField(max_length=300, blank=True)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(User, models.SET_NULL, null=True)
    needs_pilot = models.BooleanField(
        default=False, help_text="Only a pilot may be planned until one has finished."
    )

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["profile", "number"], name="one_version_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.profile}, version {self.number}"


class ProfileTemplate(models.Model):
    """A starting point of our own for the profiles of many customers; it holds no customer's data.

    The templates that ship with the portal are files (`provisioning.library`), not rows.
    """

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    definition = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Snapshot(models.Model):
    """One read of a source. Its records lie sealed in chunks; its counts outlive them."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE)
    source = models.ForeignKey(Source, models.CASCADE, related_name="snapshots")
    file_name = models.CharField(max_length=255)
    people = models.PositiveIntegerField()
    columns = models.JSONField()
    complete = models.BooleanField(
        default=False, help_text="All of the source, refused rows known; a sample is not."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    accepted_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["source", "accepted_at"], name="snapshot_accepted")]

    def __str__(self) -> str:
        return f"{self.file_name}, {self.people} people"


class SnapshotChunk(models.Model):
    """About a thousand records: JSON lines, compressed, sealed."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "number"], name="one_chunk_per_number")
        ]

    def __str__(self) -> str:
        return f"chunk {self.number} of {self.snapshot_id}"
