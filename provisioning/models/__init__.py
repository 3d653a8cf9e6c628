"""Sources, profiles, policies, jobs, the shadow of the directory, and lanes."""

from provisioning.models.connection import ConnectionTest
from provisioning.models.directory import (
    DeletedAccount,
    Directory,
    DirectoryGroup,
    DirectoryObject,
    GroupMember,
)
from provisioning.models.job import HeldRecord, Job, Operation
from provisioning.models.lane import ApplicationPace, Lane
from provisioning.models.policy import ApprovalPolicy
from provisioning.models.reconciling import AcceptedDrift, Drift, Reconciliation
from provisioning.models.safeguards import ProtectedMember, TenantDomain
from provisioning.models.schedule import Blackout, Quarantine, Schedule
from provisioning.models.source import (
    MappingProfile,
    ProfileTemplate,
    ProfileVersion,
    Snapshot,
    SnapshotChunk,
    Source,
)

__all__ = [
    "AcceptedDrift",
    "ApplicationPace",
    "ApprovalPolicy",
    "Blackout",
    "ConnectionTest",
    "DeletedAccount",
    "Directory",
    "DirectoryGroup",
    "DirectoryObject",
    "Drift",
    "GroupMember",
    "HeldRecord",
    "Job",
    "Lane",
    "MappingProfile",
    "Operation",
    "ProfileTemplate",
    "ProfileVersion",
    "ProtectedMember",
    "Quarantine",
    "Reconciliation",
    "Schedule",
    "Snapshot",
    "SnapshotChunk",
    "Source",
    "TenantDomain",
]
