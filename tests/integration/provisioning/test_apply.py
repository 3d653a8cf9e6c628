"""Applying a plan when nothing goes wrong."""

from tests.support.engine import Engine, people


def test_people_of_a_file_become_users(engine: Engine) -> None:
    table = people(30)
    job = engine.apply(table)
    assert (job.created, job.failed, job.total) == (30, 0, 30)
    assert engine.purposes() == {"inventory": 1, "create": 30}
    assert engine.requests() == 31
    engine.check(job, table)


def test_b(engine: Engine) -> None:
    pass


def test_c(engine: Engine) -> None:
    pass
