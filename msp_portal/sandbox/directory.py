"""The people and groups of one directory, in memory, changed only by events.

An event is a JSON list: `["user", seq, resource, password_set]`, `["user-", id, at]`,
`["name", folded userName, at]`, `["group", seq, resource]`, `["group-", id, at]`,
`["kept", group resource, at]`, `["member", group, [ids]]`, `["member-", group, id]`,
`["owner", group, [ids]]`.
The same events are journalled, replayed, and handed to the lagging view for readers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from msp_portal.sandbox.http import Json, dump
from msp_portal.sandbox.schemas import CUSTOM, ENTERPRISE, ENTRA_GROUP, ENTRA_USER
from msp_portal.sandbox.values import is_proxy_row

Event = list[Any]
Ids = dict[str, None]  # a set that keeps its order


@dataclass(slots=True)
class Entry:
    """A stored resource. Never changed in place: readers and the lagging view share it."""

    seq: int
    resource: Json
    password_set: bool = False
    _rendered: bytes | None = None

    @property
    def rendered(self) -> bytes:
        """The whole resource as JSON, made once."""
        if self._rendered is None:
            shown = {key: value for key, value in self.resource.items() if key != CUSTOM}
            self._rendered = dump(shown)
        return self._rendered


class Table:
    """Resources by id, and in order of creation for paging without a copy."""

    def __init__(self) -> None:
        self.by_id: dict[str, Entry] = {}
        self._by_seq: dict[int, Entry] = {}
        self.next_seq = 1

    def put(self, entry: Entry) -> Entry | None:
        """Store an entry; gives the one it replaces."""
        resource_id = entry.resource["id"]
        before = self.by_id.get(resource_id)
        self.by_id[resource_id] = self._by_seq[entry.seq] = entry
        self.next_seq = max(self.next_seq, entry.seq + 1)
        return before

    def pop(self, resource_id: str) -> Entry | None:
        """Take an entry out."""
        entry = self.by_id.pop(resource_id, None)
        if entry:
            del self._by_seq[entry.seq]
        return entry

    def since(self, seq: int) -> Iterator[Entry]:
        """Entries from `seq` on, in order of creation."""
        get = self._by_seq.get
        return (entry for n in range(seq, self.next_seq) if (entry := get(n)))

    def chosen(self, ids: Ids, seq: int) -> Iterator[Entry]:
        """Those of `ids` that exist, from `seq` on, in order of creation."""
        found = (self.by_id.get(each) for each in ids)
        return iter(sorted((e for e in found if e and e.seq >= seq), key=lambda e: e.seq))

    def __len__(self) -> int:
        return len(self.by_id)


class Index:
    """Ids by a value that need not be unique."""

    def __init__(self) -> None:
        self._ids: dict[str, Ids] = {}

    def get(self, value: str) -> Ids:
        """Ids filed under `value`."""
        return self._ids.get(value, {})

    def move(self, before: str | None, after: str | None, resource_id: str) -> None:
        """File an id under another value; None: under none."""
        if before == after:
            return
        if before is not None:
            ids = self._ids[before]
            del ids[resource_id]
            if not ids:
                del self._ids[before]
        if after is not None:
            self._ids.setdefault(after, {})[resource_id] = None


def folded_name(resource: Json) -> str | None:
    """userName without case."""
    name = resource.get("userName")
    return name.casefold() if name else None


def folded_nick(resource: Json) -> str | None:
    """mailNickname without case."""
    nick = resource.get(ENTRA_USER, {}).get("mailNickname")
    return nick.casefold() if nick else None


def manager_of(resource: Json) -> str | None:
    """Id of the manager."""
    manager: str | None = resource.get(ENTERPRISE, {}).get("manager", {}).get("value")
    return manager


def external_id(resource: Json) -> str | None:
    """externalId as given: it is case-exact."""
    value: str | None = resource.get("externalId")
    return value


def proxy_addresses(resource: Json) -> set[str]:
    """The proxy addresses of a user or group, without case and without their protocol."""
    rows = resource.get("emails", ())
    shown = [str(row.get("value", "")) for row in rows if is_proxy_row(row)]
    for urn in (ENTRA_USER, ENTRA_GROUP):
        shown += resource.get(urn, {}).get("proxyAddresses", ())
    return {each.casefold().removeprefix("smtp:") for each in shown if each}


class Directory:
    """Users, groups, memberships and the names of the recently deleted."""

    def __init__(self) -> None:
        self.users = Table()
        self.groups = Table()
        self.by_name = Index()
        self.by_external = Index()
        self.by_nick = Index()
        self.reports = Index()
        self.by_proxy = Index()
        self.members: dict[str, Ids] = {}
        self.member_of: dict[str, Ids] = {}
        self.owners: dict[str, Ids] = {}
        self.deleted_names: dict[str, float] = {}
        self.deleted_groups: dict[str, tuple[Json, float]] = {}  # Microsoft 365 groups only
        self._indexes: tuple[tuple[Index, Callable[[Json], str | None]], ...] = (
            (self.by_name, folded_name),
            (self.by_external, external_id),
            (self.by_nick, folded_nick),
            (self.reports, manager_of),
        )
        self._apply: dict[str, Callable[..., None]] = {
            "user": self._put_user,
            "user-": self._drop_user,
            "name": self._keep_name,
            "group": self._put_group,
            "group-": self._drop_group,
            "kept": self._keep_group,
            "member": self._add_members,
            "member-": self._drop_member,
            "owner": self._add_owners,
        }

    def apply(self, event: Event) -> None:
        """Change the state by one event."""
        self._apply[event[0]](*event[1:])

    def name_taken(self, folded: str, by_other_than: str | None, at: float, kept: float) -> bool:
        """Whether a userName is in use, or was by a user deleted less than `kept` seconds ago."""
        if any(each != by_other_than for each in self.by_name.get(folded)):
            return True
        deleted = self.deleted_names.get(folded)
        return deleted is not None and at < deleted + kept

    def has_object(self, resource_id: str) -> bool:
        """Whether an id is a user's or a group's."""
        return resource_id in self.users.by_id or resource_id in self.groups.by_id

    def owned_by(self, user_id: str) -> set[str]:
        """Groups a user owns."""
        return {group for group, owners in self.owners.items() if user_id in owners}

    def snapshot(self) -> Iterator[Event]:
        """Events that make this state from nothing."""
        for entry in self.users.by_id.values():
            yield ["user", entry.seq, entry.resource, entry.password_set]
        for name, at in self.deleted_names.items():
            yield ["name", name, at]
        for resource, at in self.deleted_groups.values():
            yield ["kept", resource, at]
        for entry in self.groups.by_id.values():
            yield ["group", entry.seq, entry.resource]
        for kind, table in (("member", self.members), ("owner", self.owners)):
            for group, ids in table.items():
                yield [kind, group, list(ids)]

    def _reindex(self, before: Json | None, after: Json | None, resource_id: str) -> None:
        for index, key in self._indexes:
            old = None if before is None else key(before)
            index.move(old, None if after is None else key(after), resource_id)
        self._reindex_proxies(before, after, resource_id)

    def _reindex_proxies(self, before: Json | None, after: Json | None, resource_id: str) -> None:
        old = proxy_addresses(before) if before else set()
        new = proxy_addresses(after) if after else set()
        for address in old - new:
            self.by_proxy.move(address, None, resource_id)
        for address in new - old:
            self.by_proxy.move(None, address, resource_id)

    def _put_user(self, seq: int, resource: Json, password_set: bool) -> None:
        before = self.users.put(Entry(seq, resource, password_set))
        self._reindex(None if before is None else before.resource, resource, resource["id"])

    def _drop_user(self, user_id: str, at: float) -> None:
        entry = self.users.pop(user_id)
        if entry is None:
            return
        self._reindex(entry.resource, None, user_id)
        if name := folded_name(entry.resource):
            self.deleted_names[name] = at
        for group in self.member_of.pop(user_id, {}):
            self.members[group].pop(user_id, None)
        for owners in self.owners.values():
            owners.pop(user_id, None)

    def _keep_name(self, name: str, at: float) -> None:
        self.deleted_names[name] = at

    def _put_group(self, seq: int, resource: Json) -> None:
        before = self.groups.put(Entry(seq, resource))
        old = None if before is None else before.resource
        self._reindex_proxies(old, resource, resource["id"])

    def _keep_group(self, resource: Json, at: float) -> None:
        self.deleted_groups[resource["id"]] = (resource, at)

    def _drop_group(self, group_id: str, at: float = 0.0) -> None:
        entry = self.groups.pop(group_id)
        if entry:
            self._reindex_proxies(entry.resource, None, group_id)
        if entry and "Unified" in entry.resource.get(ENTRA_GROUP, {}).get("groupTypes", ()):
            self._keep_group(entry.resource, at)
        self.owners.pop(group_id, None)
        for member in self.members.pop(group_id, {}):
            self.member_of[member].pop(group_id, None)
        for parent in self.member_of.pop(group_id, {}):
            self.members[parent].pop(group_id, None)

    def _add_members(self, group_id: str, ids: list[str]) -> None:
        present = self.members.setdefault(group_id, {})
        for each in ids:
            present[each] = None
            self.member_of.setdefault(each, {})[group_id] = None

    def _drop_member(self, group_id: str, member: str) -> None:
        self.members.get(group_id, {}).pop(member, None)
        self.member_of.get(member, {}).pop(group_id, None)

    def _add_owners(self, group_id: str, ids: list[str]) -> None:
        self.owners.setdefault(group_id, {}).update(dict.fromkeys(ids))
