"""``python -m uzotp``."""

from __future__ import annotations

import sys

from uzotp.cli import main

sys.exit(main())
