"""The application permissions that matter to the SCIM API, and what each is for (fact sheet, 7)."""

USERS = (
    ("User.ReadBasic.All", "Read basic properties of users"),
    ("User.Read.All", "Read users; discovery together with Group.Read.All"),
    ("User.Create", "Create users"),
    ("User.ReadUpdate.All", "Read and update users"),
    ("User.ReadWrite.All", "Read, create, update and delete users"),
    ("User-Mail.ReadWrite.All", "Update other mail addresses only"),
    ("User-Phone.ReadWrite.All", "Update mobile and work phone only"),
    ("User.EnableDisableAccount.All", "Update active only"),
    ("User-LifeCycleInfo.ReadWrite.All", "Update employeeLeaveDateTime only"),
)
GROUPS = (
    ("Group.Read.All", "Read groups; discovery together with User.Read.All"),
    ("Group.Create", "Create groups"),
    ("GroupMember.ReadWrite.All", "Add and remove members"),
    ("Group.ReadWrite.All", "Read, create, update and delete groups, change members"),
)
SECURITY = (
    ("CustomSecAttributeDefinition.Read.All", "Schema of custom security attributes"),
    ("CustomSecAttributeAssignment.Read.All", "Read custom security attributes of users"),
    ("CustomSecAttributeAssignment.ReadWrite.All", "Change custom security attributes of users"),
)
Pairs = tuple[tuple[str, str], ...]  # name, what it is for
BY_KIND: tuple[tuple[str, Pairs], ...] = (
    ("Users", USERS),
    ("Groups", GROUPS),
    ("Custom security attributes", SECURITY),
)
KNOWN = tuple(name for _, kind in BY_KIND for name, _ in kind)
