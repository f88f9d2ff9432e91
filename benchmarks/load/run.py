"""What sign-ups cost while the gateway takes its time, and what the site's other pages feel of it.

    python benchmarks/load/run.py                       # every site, store and latency: six minutes
    python benchmarks/load/run.py --only django-redis --seconds 5

Needs PostgreSQL and Redis. Each run has a site under gunicorn, a sandbox that answers late, and Locust; a Markdown
table is printed. The people arrive at the same rate whatever the latency: 60, each beginning a sign-up every 3 s, while
10 visitors look at the home page once a second.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from sites import HERE, STORES, Failed, serving, tail

LATENCIES = (0.005, 0.2, 2.0)
WORKERS, THREADS = 2, 8
VISITORS = 10
#: Seconds in which they arrive, before the measured ones.
RAMP = 3


@dataclass(frozen=True)
class Way:
    """How a site sends: uzotp's settings, and gunicorn's threads."""

    name: str
    settings: dict[str, str] = field(default_factory=dict)
    threads: int = THREADS


DEFAULT = Way("default")
#: Against a slow gateway; the default is among the rows above.
CURES = (
    Way(f"at most {THREADS // 2} at once", {"MAX_CONCURRENT_SENDS": str(THREADS // 2)}),
    Way("background", {"SEND_IN_BACKGROUND": "true"}),
    Way("background, 32 at once", {"SEND_IN_BACKGROUND": "true", "MAX_CONCURRENT_SENDS": "32"}),
    Way("64 threads", threads=64),
)


@dataclass(frozen=True)
class Run:
    framework: str
    store: str
    latency: float
    way: Way

    @property
    def name(self) -> str:
        return f"{self.framework}-{self.store}-{self.latency * 1000:.0f}ms-{self.way.name}"


def plan(only: str) -> list[Run]:
    """Everything whose name holds *only*; the cures are tried on one site, where the gateway is slowest."""
    sites = [(framework, store) for framework in ("django", "flask") for store in STORES]
    runs = [Run(*site, latency, DEFAULT) for site in sites for latency in LATENCIES]
    runs += [Run(*sites[0], LATENCIES[-1], way) for way in CURES]
    return [run for run in runs if only in run.name]


def play(run: Run, options: argparse.Namespace) -> dict[str, Any]:
    """Locust's figures of one run, by request."""
    way = run.way
    with serving(
        run.framework, run.store, run.latency, settings=way.settings, workers=WORKERS, threads=way.threads
    ) as site:
        report = site.log.parent / "report.json"
        environment = {
            **os.environ,
            "LOAD_SANDBOX": site.sandbox,
            "LOAD_REPORT": str(report),
            "LOAD_USERS": str(options.users),
            "LOAD_VISITORS": str(VISITORS),
            "LOAD_EVERY": str(options.every),
        }
        users = options.users + VISITORS
        locust = [
            sys.executable,
            "-m",
            "locust",
            f"--locustfile={HERE / 'locustfile.py'}",
            f"--host={site.url}",
            "--headless",
            f"--users={users}",
            f"--spawn-rate={users / RAMP}",
            f"--run-time={options.seconds + RAMP}s",
            "--reset-stats",
            "--only-summary",
            "--exit-code-on-error=0",
            "--loglevel=ERROR",
        ]
        done = subprocess.run(locust, env=environment, capture_output=True, text=True, timeout=options.seconds + 60)
        if not report.exists():
            raise Failed(f"Locust failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        if options.logs:
            print(f"--- {run.name}\n{tail(site.log)}", file=sys.stderr)
        return dict(json.loads(report.read_text("utf-8")))


# ------------------------------------------------------------------------------------------------------ the table

HEAD = (
    "site",
    "store",
    "gateway answers in",
    "sending",
    "requests/s",
    "sign-ups/s",
    "send p50",
    "p95",
    "p99",
    "verify p95",
    "message p95",
    "errors",
    "home page p95",
    "its errors",
)


def row(run: Run, figures: dict[str, Any]) -> tuple[str, ...]:
    send, verify = figures.get("/otp/send", {}), figures.get("/otp/verify", {})
    home, message = figures.get("/", {}), figures.get("message", {})
    rate = send.get("rate", 0.0) + verify.get("rate", 0.0)
    return (
        run.framework.capitalize(),
        {"postgresql": "PostgreSQL", "redis": "Redis"}[run.store],
        f"{run.latency * 1000:,.0f} ms",
        run.way.name,
        f"{rate:.1f}",
        f"{_good(verify):.1f}",
        _ms(send, 50),
        _ms(send, 95),
        _ms(send, 99),
        _ms(verify, 95),
        _ms(message, 95),
        _errors(send, verify, message),
        _ms(home, 95),
        _errors(home),
    )


def _good(figures: dict[str, Any]) -> float:
    """Requests a second that succeeded."""
    if not figures.get("requests"):
        return 0.0
    return float(figures["rate"] * (1 - sum(figures["errors"].values()) / figures["requests"]))


def _ms(figures: dict[str, Any], percentile: int) -> str:
    value = figures.get("percentiles", {}).get(str(percentile))
    return f"{value:,.0f} ms" if value is not None else "none"


def _errors(*figures: dict[str, Any]) -> str:
    kinds: dict[str, int] = {}
    for each in figures:
        for kind, count in each.get("errors", {}).items():
            kinds[kind] = kinds.get(kind, 0) + count
    return ", ".join(f"{count} × {kind}" for kind, count in sorted(kinds.items())) or "0"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--only", default="", help="runs whose name holds this: django-redis, flask, 2000ms, background"
    )
    parser.add_argument("--seconds", type=int, default=10, help="how long each run is measured")
    parser.add_argument("--users", type=int, default=60, help="people who sign up")
    parser.add_argument("--every", type=float, default=3.0, help="seconds from one sign-up of theirs to the next")
    parser.add_argument("--logs", action="store_true", help="show what the servers wrote")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
    try:
        for run in plan(options.only):
            print(f"| {' | '.join(row(run, play(run, options)))} |", flush=True)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
