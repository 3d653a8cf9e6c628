"""An app of the time after row-level security, with a data migration that sets no scope."""
