"""The command line: ``hostway-fake demo`` and ``hostway-fake serve``."""

from hostway_fake.cli.main import main

__all__ = ["main"]
