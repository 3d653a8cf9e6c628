"""Records under another key column."""

from provisioning.domain.keys import keyed
from provisioning.domain.records import Record


def row(line: int, **values: str) -> Record:
    return Record(line, "", values)


def test_each_record_gets_the_value_of_the_column_as_its_key() -> None:
    found = keyed([row(2, id=" 007 ", mail="a"), row(3, id="8", mail="b")], "id")
    assert [each.key for each in found.records] == ["007", "8"]
    assert [each.key for each in keyed(found.records, "mail").records] == ["a", "b"]
    assert found.refused == ()


def test_who_shares_a_key_is_refused_with_the_other_lines() -> None:
    found = keyed([row(2, id="a"), row(3, id="A "), row(4, id="b")], "id")
    assert [each.key for each in found.records] == ["b"]
    assert [(each.line, each.key, each.code) for each in found.refused] == [
        (2, "a", "duplicate_key"),
        (3, "A", "duplicate_key"),
    ]
    assert "line 3" in found.refused[0].message
    assert found.unreadable == 0


def test_what_has_no_key_may_be_anybody() -> None:
    rows = [row(2, id=""), row(3, id="#N/A"), Record(4, "", {}), row(5, id="5")]
    found = keyed(rows, "id")
    assert [each.key for each in found.records] == ["5"]
    codes = [each.code for each in found.refused]
    assert codes == ["no_key", "unreadable_key", "other_width"]
    assert found.unreadable == 3
    assert keyed([row(2, id="1")], "other").records == ()
