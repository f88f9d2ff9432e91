"""What importing costs, each in a fresh interpreter, beside ``import django`` in the same run.

The runs take turns (A B C A B C …), so that a slow moment of the machine meets all of them; medians are printed, and
ratios to ``import django``, which travel better between machines than milliseconds do.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]


def _setup(apps: list[str]) -> str:
    configure = f"settings.configure(SECRET_KEY='x' * 32, INSTALLED_APPS={apps})"
    return f"import django; from django.conf import settings; {configure}; django.setup()"


STATEMENTS = {
    "import django": "import django",
    "import uzotp": "import uzotp",
    "what any app's apps.py imports of Django": (
        "from django.apps import AppConfig; from django.utils.translation import gettext_lazy"
    ),
    "import django_uzotp.apps": "import django_uzotp.apps",
    "django.setup()": _setup(_APPS),
    "django.setup() with django_uzotp": _setup([*_APPS, "django_uzotp"]),
}
_TIMED = (
    "import time; start = time.perf_counter()\n{statement}\nprint((time.perf_counter() - start) * 1000)\n"
    "import sys; print(*sorted(m for m in ('requests', 'phonenumbers', 'sqlalchemy', 'flask') if m in sys.modules))"
)


def measure(statement: str) -> tuple[float, str]:
    """Milliseconds in a fresh interpreter, and which heavy modules it ended up with."""
    script = _TIMED.format(statement=statement)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    lines = done.stdout.split("\n")
    return float(lines[0]), lines[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    heavy = {}
    for _ in range(rounds + 1):
        for name, statement in STATEMENTS.items():
            spent, heavy[name] = measure(statement)
            times[name].append(spent)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}  # the first round warms the disk
    floor = medians["import django"]
    print("| in a fresh interpreter | ms (median) | × `import django` | heavy modules loaded |")
    print("|---|---:|---:|---|")
    for name, median in medians.items():
        print(f"| {name} | {median:.1f} | {median / floor:.2f} | {heavy[name] or 'none'} |")


if __name__ == "__main__":
    main()
