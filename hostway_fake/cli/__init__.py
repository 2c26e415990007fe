"""The command line: ``hostway-fake demo`` and ``hostway-fake serve``."""

from hostway_fake.cli.commands import main

__all__ = ["main"]
