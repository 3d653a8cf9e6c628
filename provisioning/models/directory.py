"""The shadow: what we last wrote to or read from each directory."""

from django.db import models
from django.db.models import Q

from provisioning.models.source import Source
from tenants.models import Customer, Tenant


class Directory(models.Model):
    """What we know of a tenant's directory as a whole."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="directory")
    inventory_at = models.DateTimeField(null=True, help_text="When all users were last read.")
    discovery = models.JSONField(null=True, help_text="What the service says of itself.")
    discovered_at = models.DateTimeField(null=True)
    manager_at_creation = models.BooleanField(
        null=True, help_text="Whether a creation may name the manager; null: not known yet."
    )

    def __str__(self) -> str:
        return f"Directory of {self.tenant}"


class DirectoryObject(models.Model):
    """One user of a directory as we last knew it.

    `key` is the folded source key of an account this portal created or adopted; empty for every
    other. `owner` is the source that did so: nobody else writes it. `offered_to` is another source
    for which a person asked to transfer it.
    `state` holds the attributes (canonical path to value) that we wrote, or read in the inventory.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="directory_objects")
    entra_id = models.CharField(max_length=64)
    key = models.CharField(max_length=255, blank=True)
    owner = models.ForeignKey(Source, models.RESTRICT, null=True, related_name="accounts")
    offered_to = models.ForeignKey(Source, models.SET_NULL, null=True, related_name="+")
    external_id = models.CharField(max_length=255, blank=True)
    user_name = models.CharField(max_length=255)
    folded_user_name = models.CharField(max_length=255)
    active = models.BooleanField(default=True)
    on_premises = models.BooleanField(default=False)
    guest = models.BooleanField(default=False)
    state = models.JSONField(default=dict)
    outside_since = models.DateTimeField(
        null=True, help_text="When a sync first found its person outside the profile's scope."
    )
    left_since = models.DateField(
        null=True,
        help_text="The first day, in the customer's zone, on which a sync took its person for a"
        " leaver: absent, inactive or past the last day.",
    )
    record_digest = models.CharField(
        max_length=32,
        blank=True,
        help_text="Names the record and profile version it was last written from.",
    )
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "entra_id"], name="one_shadow_per_object"),
            models.UniqueConstraint(
                fields=["tenant", "owner", "key"],
                condition=~Q(key=""),
                name="one_account_per_person",
            ),
            models.CheckConstraint(
                condition=Q(key="") | Q(owner__isnull=False), name="managed_by_a_source"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "folded_user_name"], name="shadow_by_user_name")]

    def __str__(self) -> str:
        return self.user_name

    @property
    def managed(self) -> bool:
        """Whether this portal created or adopted the account."""
        return bool(self.key)


class DirectoryGroup(models.Model):
    """One group of a directory as we last knew it (see `domain.groups.values.GroupShadow`).

    `key` is the group's key by the rules of its `source`; empty for a group we do not manage.
    `members_known`: whether its rows of GroupMember are all its direct members. `seen_at` is when
    the service last answered about this very group as one that exists.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="directory_groups")
    source = models.ForeignKey("provisioning.Source", models.SET_NULL, null=True)
    entra_id = models.CharField(max_length=64)
    key = models.CharField(max_length=320, blank=True)
    name = models.CharField(max_length=256)
    nickname = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=20)
    traits = models.JSONField(default=list)
    description = models.TextField(blank=True)
    adopted = models.BooleanField(default=False)
    members_known = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)
    seen_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "entra_id"], name="one_shadow_per_group"),
            models.UniqueConstraint(
                fields=["tenant", "source", "key"],
                condition=~Q(key=""),
                name="one_group_per_key",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    """A direct member of a group, by object id in lower case, and whether we added it."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    group = models.ForeignKey(DirectoryGroup, models.CASCADE, related_name="members")
    entra_id = models.CharField(max_length=64)
    ours = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "entra_id"], name="one_row_per_member")
        ]

    def __str__(self) -> str:
        return f"{self.entra_id} in {self.group_id}"


class DeletedAccount(models.Model):
    """An account that the portal deleted: Entra keeps its user name for 30 days."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="deleted_accounts")
    entra_id = models.CharField(max_length=64)
    key = models.CharField(max_length=255, blank=True)
    folded_user_name = models.CharField(max_length=255)
    deleted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "entra_id"], name="deleted_once"),
        ]
        indexes = [models.Index(fields=["tenant", "deleted_at"], name="deleted_by_time")]

    def __str__(self) -> str:
        return self.folded_user_name
