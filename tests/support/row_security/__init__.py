"""Checks that run on PostgreSQL as the application role; tests/services/test_row_security.py runs
them in a process of their own, because everything else in the suite's process is on SQLite."""
