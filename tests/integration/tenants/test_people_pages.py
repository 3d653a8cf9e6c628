"""The pages on which people are added and their access is changed."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from tenants.domain.reach import Scope
from tenants.domain.roles import Role
from tenants.models import AccessGrant, User

NEW = "dee@lanternfield.example"


@pytest.fixture
def admin(client, person):
    """A client of an administrator."""
    client.force_login(person((Role.ADMIN, None)))
    return client


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def given(role=Role.ENGINEER, scope=Scope.ALL, customers=(), **more):
    pks = [customer.pk for customer in customers]
    return {"role": role.value, "scope": scope.value, "customers": pks, **more}


def test_a_person_chooses_the_password_by_a_link(admin, client, northmoor):
    fields = given(Role.VIEWER, Scope.LISTED, [northmoor.customer], email=NEW, name="Dee Ek")
    response = admin.post(reverse("person_add"), fields)
    dee = User.objects.get(email=NEW)
    assert response.headers["Location"] == reverse("person_detail", args=[dee.pk])
    assert dee.grants.get().where == "Northmoor"
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([NEW], "MSP portal: You are invited")
    link = re.search(r"http://testserver(\S+)", sent.body)
    assert link
    client.logout()
    assert client.get(link[1]).status_code == 200
    chosen = {"password": "correct-horse-battery", "repeated": "correct-horse-battery"}
    client.post(link[1], chosen)
    dee.refresh_from_db()
    assert dee.check_password("correct-horse-battery")


def test_whoever_is_here_already_gets_the_role_and_no_mail(admin, person, northmoor):
    bo = person((Role.ENGINEER, northmoor.customer), name="bo")
    bo.set_password("correct-horse-battery")
    bo.save()
    page = admin.post(
        reverse("person_add"), given(Role.FINANCE, email=bo.email.upper(), name="X"), follow=True
    )
    assert "was here already" in text_of(page)
    assert not mail.outbox
    assert sorted(grant.role for grant in bo.grants.all()) == ["engineer", "finance"]
    bo.refresh_from_db()
    assert bo.name == ""


def test_a_mail_that_is_not_sent_is_said(admin, monkeypatch, northmoor):
    def broken(*_args, **_more):
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", broken)
    page = admin.post(reverse("person_add"), given(email=NEW), follow=True)
    assert "was not sent (nobody listens)" in text_of(page)
    assert User.objects.get(email=NEW).grants.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (given(Role.VIEWER, email=NEW), "list them"),
        (given(Role.FINANCE, Scope.ALL_EXCEPT, email=NEW), "at least one customer"),
        (given(email="nobody"), "valid email"),
        (given(email="ann@lanternfield.example"), "their own access"),
        ({"email": NEW, "role": "king", "scope": "all"}, "valid choice"),
        ({"email": NEW, "role": "admin", "scope": "listed", "customers": ["999"]}, "valid choice"),
        ({"email": NEW, "role": "admin"}, "required"),
    ],
)
def test_a_mistake_is_said_and_adds_nobody(admin, northmoor, wrong, words):
    response = admin.post(reverse("person_add"), wrong)
    assert response.status_code == 422
    assert words in text_of(response)
    assert not User.objects.filter(email=NEW).exists()
    assert AccessGrant.objects.count() == 1
    assert not mail.outbox


def test_a_grant_is_changed_on_a_form_that_says_what_it_is(admin, person, northmoor, southfen):
    bo = person((Role.ENGINEER, northmoor.customer), name="bo")
    address = reverse("person_grant", args=[bo.pk])
    page = admin.get(f"{address}?role=engineer").content.decode()
    checked = re.findall(r'name="(\w+)" value="(\w+)"[^>]*checked', page)
    assert checked == [
        ("role", "engineer"),
        ("scope", "listed"),
        ("customers", str(northmoor.customer.pk)),
    ]
    fields = given(scope=Scope.ALL_EXCEPT, customers=[southfen.customer])
    assert admin.post(address, fields).status_code == 302
    assert bo.grants.get().where == "all customers but Southfen"
    wrong = admin.post(address, given(Role.CUSTOMER_APPROVER))
    assert (wrong.status_code, bo.grants.count()) == (422, 1)


def test_a_role_is_taken_away_and_a_person_deactivated(admin, person, northmoor):
    bo = person((Role.ENGINEER, northmoor.customer), name="bo")
    detail = reverse("person_detail", args=[bo.pk])
    admin.post(reverse("person_revoke", args=[bo.pk, "engineer"]))
    assert "No role" in text_of(admin.get(detail))
    admin.post(reverse("person_deactivate", args=[bo.pk]))
    assert "Deactivated" in text_of(admin.get(detail))
    admin.post(reverse("person_reactivate", args=[bo.pk]))
    bo.refresh_from_db()
    assert bo.is_active
    assert admin.post(reverse("person_revoke", args=[bo.pk, "king"])).status_code == 404


def test_ones_own_page_offers_no_change_and_refuses_one(admin):
    ann = User.objects.get()
    page = text_of(admin.get(reverse("person_detail", args=[ann.pk])))
    assert "This is you." in page
    assert "Take away" not in page
    refused = admin.post(reverse("person_deactivate", args=[ann.pk]), follow=True)
    assert "Nobody changes their own access" in text_of(refused)
    assert User.objects.get().is_active


def test_the_list_says_who_may_do_what_where(admin, person, northmoor, southfen):
    person((Role.VIEWER, northmoor.customer), (Role.VIEWER, southfen.customer), name="bo")
    person(name="cy", is_active=False)
    person(name="root", is_superuser=True, last_login="2026-07-01T10:00:00Z")
    page = text_of(admin.get(reverse("person_list")))
    for words in (
        "ann@lanternfield.example Administrator all customers",
        "bo@lanternfield.example Customer viewer Northmoor, Southfen never Invited",
        "cy@lanternfield.example none never Deactivated",
        "root@lanternfield.example Administrator, all customers",
    ):
        assert words in page
    found = text_of(admin.get(reverse("person_list"), {"q": "CY@"}))
    assert "cy@lanternfield.example" in found
    assert "bo@lanternfield.example" not in found


def test_the_list_takes_as_many_queries_for_many_people(
    admin, person, northmoor, django_assert_max_num_queries
):
    for number in range(12):
        person((Role.ENGINEER, northmoor.customer), name=f"p{number}")
    with django_assert_max_num_queries(12):
        admin.get(reverse("person_list"))
