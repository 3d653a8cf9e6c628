"""The list of accounts that are never written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.protection import Protection, protected_groups

GUID = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"


@pytest.mark.parametrize(
    ("entries", "entra_id", "user_name", "entry"),
    [
        ([], GUID, "ann@b.example", None),
        ([""], "", "", None),  # an empty line protects nothing
        (["   "], "", "", None),
        ([GUID], GUID.lower(), "ann@b.example", GUID.lower()),  # ids have no case
        ([GUID.lower()], GUID, "", GUID.lower()),
        ([f"  {GUID} "], GUID, "", GUID.lower()),  # nor white space around them
        (["Ann@B.example"], "", "ann@b.EXAMPLE", "ann@b.example"),
        (["ann@b.example"], "", "joann@b.example", None),  # the whole name, not its end
        (["ann@b.example"], "", "ann@b.example.net", None),
        (["breakglass*@b.example"], "", "BreakGlass-2@b.example", "breakglass*@b.example"),
        (["breakglass*@b.example"], "", "breakglass@b.example", "breakglass*@b.example"),
        (["breakglass*@b.example"], "", "x-breakglass@b.example", None),
        (["breakglass*@b.example"], "", "breakglass@bXexample", None),  # a dot is a dot
        (["*"], GUID, "anyone@b.example", "*"),
        (["*-admin@*", "svc*"], "", "svc-7@b.example", "svc*"),
        (["svc*"], "svc-is-no-id", "ann@b.example", "svc*"),  # patterns cover ids as well
        (["a+b.(c)*"], "", "a+b.(c)@b.example", "a+b.(c)*"),  # only * has a meaning
        (["a[bc]*"], "", "ab@b.example", None),
        (["a[bc]*"], "", "a[bc]d@b.example", "a[bc]*"),
        (["a?*"], "", "ab@b.example", None),
        (["a?*"], "", "a?b@b.example", "a?*"),
    ],
)
def test_an_entry_covers_an_id_a_name_or_a_pattern(entries, entra_id, user_name, entry):
    assert Protection(entries).covers(entra_id, user_name) == entry


def test_an_exact_entry_is_named_before_a_pattern():
    assert Protection(["*@b.example", "ann@b.example"]).covers("", "ann@b.example") == (
        "ann@b.example"
    )


names = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=1)


@given(st.text("aBc1.-_'@", min_size=1))
def test_a_name_covers_itself_in_any_case(name):
    protection = Protection([name])
    assert protection.covers("", name.swapcase()) == name.casefold()
    assert protection.covers(name.swapcase(), "") == name.casefold()
    assert protection.covers("", f"{name}x") is None


@given(names, names, st.text(max_size=5))
def test_a_star_stands_for_any_text(start, end, between):
    entry = f"{start}*{end}"
    if entry == entry.strip():
        assert Protection([entry]).covers("", f"{start}{between}{end}") is not None


@given(names, st.lists(names))
def test_more_entries_never_protect_less(name, others):
    alone = Protection([name]).covers("", name)
    assert alone is None or Protection([*others, name]).covers("", name) is not None


def test_members_of_a_named_group_are_protected() -> None:
    members = {"ID-1": "g-1", "id-2": "g-2"}
    protection = Protection(["Group: G-1", "group:g-3"], members)
    assert protection.covers("id-1", "ann@a.example") == "group:g-1"
    assert protection.covers("id-2", "bo@a.example") is None  # its group is not in the list
    assert protection.covers("group:g-1", "") is None


def test_the_groups_of_a_list() -> None:
    assert protected_groups(["group:G-1", " group: g-2 ", "group:", "ann@a.example"]) == {
        "g-1",
        "g-2",
    }
