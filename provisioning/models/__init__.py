"""Sources, profiles, jobs, the shadow of the directory, and lanes."""

from provisioning.models.directory import Directory, DirectoryObject
from provisioning.models.job import HeldRecord, Job, Operation
from provisioning.models.lane import Lane
from provisioning.models.source import (
    MappingProfile,
    ProfileVersion,
    Snapshot,
    SnapshotChunk,
    Source,
)

__all__ = [
    "Directory",
    "DirectoryObject",
    "HeldRecord",
    "Job",
    "Lane",
    "MappingProfile",
    "Operation",
    "ProfileVersion",
    "Snapshot",
    "SnapshotChunk",
    "Source",
]
