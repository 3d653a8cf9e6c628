"""Events, their chain, masking, anchors, erasure and the commands for them."""

import ast
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from tenants import services, vault
from tenants.domain.roles import Role
from tenants.models import (
    AuditAnchor,
    AuditCheck,
    AuditEvent,
    AuditHead,
    AuditPayload,
    Customer,
    Message,
)
from tenants.services import audit_anchors, audit_links, audit_watch
from tenants.services.audit_checks import Walk
from tenants.services.audit_erasure import erase_payloads, payloads_of_customer
from tenants.services.destinations import DestinationFacts, add_destination
from tests.support.sandbox import ROOT
from tests.support.tampering import by_force, sql

pytestmark = pytest.mark.django_db(transaction=True)
OTHER_KEY = "k2:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def write(count: int = 1, **detail: Any) -> AuditEvent:
    for number in range(count):
        event = services.record(
            "thing.done", by=None, customer=None, subject=f"Thing {number}", **detail
        )
    return event


def positions() -> list[int | None]:
    return list(AuditEvent.objects.order_by("pk").values_list("position", flat=True))


def found(folder: Path) -> list[str]:
    return [str(each) for each in audit_watch.findings_in(folder, Walk())]


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.AUDIT_ANCHOR_DIR = tmp_path / "anchors"
    return settings.AUDIT_ANCHOR_DIR


@pytest.fixture
def admin(person: Any) -> Any:
    return person((Role.ADMIN, None), name="admin")


def run(*arguments: str) -> tuple[int, str]:
    """A command's exit code and output."""
    out = StringIO()
    try:
        call_command(*arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_events_are_linked_after_their_commit_in_order_of_commits() -> None:
    with transaction.atomic():
        write(3)
        assert positions() == [None] * 3
    assert positions() == [1, 2, 3]
    write()
    assert positions() == [1, 2, 3, 4]
    head = AuditHead.objects.get()
    assert (head.position, head.link) == (4, AuditEvent.objects.get(position=4).link)


def test_what_is_rolled_back_leaves_no_gap() -> None:
    write()
    with transaction.atomic():
        write(2)
        transaction.set_rollback(True)
    write()
    assert positions() == [1, 2]


def test_an_event_whose_process_died_before_linking_is_linked_later(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("tenants.services.audit.link_on_commit", lambda: None)
        write(2)
    assert positions() == [None, None]
    assert audit_links.link_events() == 2
    assert found(folder) == []


def test_more_than_a_batch_is_linked_at_once(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(audit_links, "_BATCH", 3)
    with transaction.atomic():
        write(8)
    assert positions() == list(range(1, 9))
    assert found(folder) == []


SECRETS = {
    "client_secret": "s3cret",
    "newPassword": "s3cret",
    "token": "s3cret",
    "nested": {"api_key": "s3cret", "list": [{"passphrase": "s3cret"}]},
    "header": "Bearer s3cret-s3cret",
    "pem": "s3cret",
    "text": "-----BEGIN RSA PRIVATE KEY-----\ns3cret",
    "address": "https://user:s3cret@host.example/x",
    "jwt": "eyJhbGciOiJub25l.eyJzdWIiOiJzM2NyZXQi.s3cret",
    "raw": b"s3cret",
}


def test_secrets_in_details_are_masked() -> None:
    event = write(**SECRETS, kind="client_secret", password="", keys=3, token_lifetime=60)
    assert "s3cret" not in AuditPayload.objects.get().detail
    assert event.detail["kind"] == "client_secret"
    assert (event.detail["password"], event.detail["keys"]) == ("", 3)
    assert event.detail["token_lifetime"] == 60
    assert event.detail["client_secret"] == "(not kept)"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tenants_auditevent SET action = 'x'",
        "UPDATE tenants_auditevent SET position = NULL, link = ''",
        "UPDATE tenants_auditevent SET position = 7",
        "DELETE FROM tenants_auditevent",
        "UPDATE tenants_auditpayload SET subject = 'x'",
    ],
)
def test_the_database_refuses_to_change_it(statement: str) -> None:
    write()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(statement)
    assert AuditEvent.objects.get().action == "thing.done"


def test_an_event_may_be_linked_once_and_nothing_else_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tenants.services.audit.link_on_commit", lambda: None)
    write()
    refused = "UPDATE tenants_auditevent SET position = 1, action = 'x'"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(refused)
    sql("UPDATE tenants_auditevent SET position = 1, link = 'x'")


def creators(path: Path) -> list[str]:
    """Where a file makes events or payloads."""
    tree = ast.parse(path.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    texts = [ast.unparse(call.func) for call in calls]
    starts = ("AuditEvent", "AuditPayload")
    making = ("create", "bulk_create", "get_or_create", "update_or_create")
    return [
        text
        for text in texts
        if text in starts or (text.startswith(starts) and text.rpartition(".")[2] in making)
    ]


def test_only_record_makes_events() -> None:
    rooms = ("tenants", "billing", "provisioning", "msp_portal")
    files = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 300
    made = {str(path.relative_to(ROOT)): creators(path) for path in files}
    assert {name for name, calls in made.items() if calls} == {"tenants/services/audit.py"}


def test_an_anchor_is_a_row_and_a_file(folder: Path) -> None:
    write(3)
    code, text = run("export_anchor")
    assert code == 0
    row = AuditAnchor.objects.get()
    (file,) = folder.glob("*.json")
    assert str(file) in text
    kept = json.loads(file.read_text())
    assert (kept["events"], kept["link"], kept["mac"]) == (3, row.link, row.mac)
    file.unlink()
    run("export_anchor")
    assert json.loads(file.read_text()) == kept, "a lost file comes back"
    assert AuditAnchor.objects.count() == 1


def test_verifying_says_so_and_ends_with_0_or_2(folder: Path) -> None:
    write(5)
    assert run("verify_audit") == (
        0,
        "5 events; no anchor yet: only the keyed end of the chain guards it;"
        " nothing was changed.\n",
    )
    run("export_anchor")
    write(2)
    words = "7 events; 1 anchors, the last one at event 5; nothing was changed.\n"
    assert run("verify_audit") == (0, words)
    by_force("UPDATE tenants_auditevent SET action = 'x' WHERE position = 3")
    code, text = run("verify_audit", "--anchors", str(folder))
    assert code == 2
    pk = AuditEvent.objects.get(position=3).pk
    assert text.splitlines()[0] == (
        f"Event 3 (id {pk}, x): it, or its place in the chain, was changed"
    )
    assert text.endswith("1 problems.\n")


def test_a_folder_that_is_not_there_is_no_proof() -> None:
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("verify_audit", anchors=Path("/nowhere/at/all"))


@pytest.mark.parametrize("text", ["{}", "nonsense", '{"events": "3", "link": 1}', "[]"])
def test_a_file_that_is_no_anchor_is_named(folder: Path, text: str) -> None:
    write()
    folder.mkdir()
    (folder / "anchor-1.json").write_text(text)
    assert found(folder) == ["anchor-1.json: this is no anchor"]


def test_a_forged_anchor_is_named(folder: Path) -> None:
    write(3)
    run("export_anchor")
    (file,) = folder.glob("*.json")
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"at": "2026-01-01T00:00:00.000000+00:00"}))
    assert found(folder) == [f"{file.name}: this anchor was changed"]


def test_an_old_state_of_the_database_is_found_by_the_anchor_alone(folder: Path) -> None:
    write(3)
    kept = AuditHead.objects.get()
    write(2)
    run("export_anchor")
    AuditPayload.objects.filter(event__position__gt=3).delete()
    by_force("DELETE FROM tenants_auditevent WHERE position > 3")
    kept.save()
    assert found(folder) == ["Events 4 to 5: cut off, an anchor has seen them"]


def test_an_erasure_is_in_the_chain_and_breaks_nothing(folder: Path, admin: Any) -> None:
    customer = services.add_customer(name="Northmoor", slug="northmoor", by=admin)
    services.record("contact.added", by=admin, customer=customer, subject="Ida Example")
    write()
    run("export_anchor")
    assert erase_payloads(payloads_of_customer(customer), by=admin, reason="x") == 2
    assert found(folder) == []
    event = AuditEvent.objects.select_related("payload").get(action="contact.added")
    assert (event.kept, event.subject, event.detail, event.actor) == (None, "", {}, None)
    assert event.customer == customer
    assert "Ida" not in repr([*AuditPayload.objects.values(), *AuditEvent.objects.values()])
    proof = AuditEvent.objects.get(action="audit.erased")
    assert (proof.actor, proof.detail) == (admin, {"reason": "x", "events": 2})


def test_erasing_whoever_erased_leaves_the_proof(folder: Path, admin: Any) -> None:
    event = write()
    for rows in (AuditPayload.objects.filter(event=event), AuditPayload.objects.all()):
        erase_payloads(rows, by=admin, reason="x")
    assert found(folder) == []
    first, second = AuditEvent.objects.exclude(erases="").order_by("pk")
    assert (first.kept, first.erases, second.erases) == (None, str(event.pk), str(first.pk))


def test_an_erased_payload_that_is_back_is_found(folder: Path) -> None:
    event = write()
    kept = AuditPayload.objects.get(event=event)
    erase_payloads(AuditPayload.objects.all(), by=None, reason="x")
    kept.save(force_insert=True)
    assert [text.partition(":")[0] for text in found(folder)] == [f"Event with id {event.pk}"]


def test_the_command_erases_a_person_everywhere(folder: Path, admin: Any, person: Any) -> None:
    bo = person((Role.ENGINEER, None), name="bo")
    services.record("tenant.changed", by=bo, customer=None, subject="Tenant")
    services.record("access.granted", by=admin, customer=None, subject=bo)
    services.record("account.cleared", by=None, customer=None, subject="x", who=bo.email.upper())
    write()
    code, text = run("erase_audit_payloads", "--person", bo.email, "--as", admin.email)
    assert (code, text) == (0, "3 payloads erased.\n")
    assert bo.email not in repr([*AuditPayload.objects.values()]).lower()
    assert found(folder) == []
    assert AuditEvent.objects.get(action="audit.erased").actor == admin


@pytest.mark.parametrize("grants", [(Role.ENGINEER, None), (Role.ADMIN, "northmoor")])
def test_nobody_but_an_administrator_of_all_erases(person: Any, grants: Any) -> None:
    customer = Customer.objects.create(name="Northmoor", slug="northmoor")
    role, where = grants
    bo = person((role, customer if where else None), name="bo")
    write()
    with pytest.raises(CommandError, match="may not erase"):
        call_command("erase_audit_payloads", "--customer", "northmoor", "--as", bo.email)
    assert AuditPayload.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--person", "x", "--as", "admin@lanternfield.example"), "is no address"),
        (("--customer", "x", "--as", "admin@lanternfield.example"), "no customer 'x'"),
        (("--person", "a@b.example", "--as", "no@b.example"), "may sign in here"),
        (("--as", "admin@lanternfield.example"), "required"),
    ],
)
def test_what_the_command_refuses(admin: Any, arguments: Any, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("erase_audit_payloads", *arguments)


def test_after_a_rotation_old_seals_are_known_and_new_ones_are_of_the_new_key(
    folder: Path, settings: Any
) -> None:
    write(2)
    run("export_anchor")
    settings.VAULT_KEYS = f"{OTHER_KEY},{settings.VAULT_KEYS}"
    assert found(folder) == []
    write()
    assert AuditHead.objects.get().mac.startswith("k2:")
    # Without the old key: the head is of the new one, the anchor's hash still has to be met.
    settings.VAULT_KEYS = OTHER_KEY
    assert found(folder) == []
    by_force("UPDATE tenants_auditevent SET link = 'x' WHERE position = 2")
    assert any("the anchor has seen" in text for text in found(folder))


def test_a_key_that_is_lost_stops_the_chain_until_an_administrator_resumes_it(
    folder: Path, settings: Any, admin: Any
) -> None:
    write(2)
    settings.VAULT_KEYS = OTHER_KEY
    write()
    assert positions()[-1] is None
    code, text = run("verify_audit")
    assert code == 2
    assert "sealed with a key that VAULT_KEYS does not hold" in text
    code, text = run("verify_audit", "--resume", "--as", admin.email)
    assert code == 0, text
    assert AuditEvent.objects.get(action="audit.resumed").actor == admin
    assert None not in positions()
    with pytest.raises(CommandError, match="as the portal left it"):
        call_command("verify_audit", "--resume", "--as", admin.email)


def test_a_changed_end_is_never_linked_to(folder: Path) -> None:
    write(3)
    sql("UPDATE tenants_audithead SET position = 2")
    write()
    assert positions()[-1] is None
    with pytest.raises(audit_links.HeadBroken):
        audit_anchors.export_anchor(folder, timezone.now())
    assert "End of the chain: the row that guards it was changed" in found(folder)


def test_the_daily_look_notes_tells_and_anchors(folder: Path, admin: Any) -> None:
    facts = DestinationFacts("team@msp.example", ["audit.broken"])
    add_destination(channel="email", customer=None, facts=facts, by=admin)
    write(3)
    now = timezone.now()
    check = audit_watch.watch(now)
    assert (check.problems, check.events) == (0, AuditEvent.objects.count())
    assert AuditAnchor.objects.count() == len(list(folder.glob("*.json"))) == 1
    by_force("UPDATE tenants_auditevent SET action = 'x' WHERE position = 2")
    for days in (1, 2):
        check = audit_watch.watch(now + timedelta(days=days))
    assert check.problems == 1
    assert "Event 2" in check.examples[0]
    assert Message.objects.get().payload["facts"] == {"problems": 1, "events": check.events}
    assert AuditCheck.objects.count() == 3


def test_a_verification_reads_a_batch_at_a_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr("tenants.services.audit_checks._BATCH", 50)
    with transaction.atomic():
        write(400)
    with django_assert_max_num_queries(40):
        assert found(folder) == []


def test_derived_keys_are_none_of_the_ring_and_differ_by_purpose(settings: Any) -> None:
    (one,) = vault.derived_keys("a").values()
    (two,) = vault.derived_keys("b").values()
    assert one != two
    assert len(one) == 32
