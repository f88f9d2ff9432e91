"""uzotp's own stylesheet, as it is shipped."""

import re
from importlib.util import find_spec
from pathlib import Path

_spec = find_spec("django_uzotp")
assert _spec is not None
assert _spec.origin is not None
#: The variables that a site may set.
VARIABLES = set(
    re.findall(
        r"--uzotp-[a-z-]+(?=:)", (Path(_spec.origin).parent / "static" / "uzotp" / "uzotp.css").read_text("utf-8")
    )
)
