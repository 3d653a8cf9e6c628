"""Bodies and shorthands for the contract tests of the sandbox."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.sandbox import RunningSandbox

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTRA = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"
ENTRA_GROUP = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
NOBODY = "99999999-9999-4999-8999-999999999999"
GONE = object()  # in a table: the key is left out of the body


@dataclass
class Directory:
    sandbox: RunningSandbox
    tenant: str
    scim: httpx.Client

    def settings(self, **switches: Any) -> None:
        self.sandbox.put_tenant(self.tenant, settings=switches)

    def usage(self) -> dict[str, Any]:
        return self.sandbox.usage(self.tenant)

    def person(self, name: str = "ada", /, **changes: Any) -> str:
        answer = self.scim.post("/users", json=user_body(name, **changes))
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def people(self, number: int) -> list[str]:
        rows = [
            {"userName": f"p{n:05}@fabled.example", "displayName": f"P {n}", "active": True}
            for n in range(number)
        ]
        return self.sandbox.seed(self.tenant, users=rows)["users"]

    def group(self, name: str = "Readers", /, **changes: Any) -> str:
        answer = self.scim.post("/groups", json=group_body(name, **changes))
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def user(self, user_id: str) -> dict[str, Any]:
        return self.scim.get(f"/users/{user_id}").json()


def user_body(name: str = "ada", /, **changes: Any) -> dict[str, Any]:
    body = {
        "schemas": [USER],
        "userName": f"{name}@fabled.example",
        "password": "Long-enough-1",
        "name": {"familyName": "Byron", "givenName": "Ada"},
        "displayName": "Ada Byron",
        "active": True,
        **changes,
    }
    return {key: value for key, value in body.items() if value is not GONE}


def group_body(name: str = "Readers", /, **changes: Any) -> dict[str, Any]:
    extension = {"mailEnabled": False, "mailNickname": "readers", "securityEnabled": True}
    body = {
        "schemas": [GROUP, ENTRA_GROUP],
        "displayName": name,
        ENTRA_GROUP: {**extension, **changes.pop("extension", {})},
        **changes,
    }
    return {key: value for key, value in body.items() if value is not GONE}


def patch_body(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def replace(path: str | None, value: Any, op: str = "replace") -> dict[str, Any]:
    return {"op": op, "value": value, **({"path": path} if path else {})}
