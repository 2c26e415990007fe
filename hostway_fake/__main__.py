"""``python -m hostway_fake`` is ``hostway-fake``."""

import sys

from hostway_fake.cli import main

sys.exit(main())
