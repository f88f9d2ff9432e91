"""Ask both frameworks' endpoints everything that schemathesis can think of, all checks and all phases::

    python -m tests.schemathesis --seconds 600 [--framework django]

Most of the time goes to a site without quotas, the rest to one with the default ones. A finding, a warning, or an
endpoint that never succeeded, ends it with 1. What is allowed beyond schemathesis's own rules is in
``schemathesis.toml``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import requests

from tests.schemathesis.served import SUCCESSES, served
from tests.web.sites import SITES

CONFIG = Path(__file__).with_name("schemathesis.toml")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.schemathesis")
    parser.add_argument("--seconds", type=int, default=60, help="for each framework; both are asked at once")
    parser.add_argument("--framework", choices=list(SITES))
    chosen = parser.parse_args()
    if chosen.framework is None:
        return _together(chosen.seconds)
    with_quotas = chosen.seconds // 5 if chosen.seconds >= 20 else 0
    runs = {False: chosen.seconds - with_quotas, True: with_quotas}
    return max(_ask(chosen.framework, quotas, seconds) for quotas, seconds in runs.items() if seconds)


def _together(seconds: int) -> int:
    """Each framework in a process of its own: one process cannot be two sites."""
    command = [sys.executable, "-m", "tests.schemathesis", "--seconds", str(seconds), "--framework"]
    outputs = [tempfile.TemporaryFile() for _ in SITES]  # noqa: SIM115  # a pipe that is full would stop the second
    started = [
        subprocess.Popen([*command, name], env=_environment(), stdout=output, stderr=subprocess.STDOUT)
        for name, output in zip(SITES, outputs, strict=True)
    ]
    codes = [process.wait() for process in started]
    for output in outputs:
        output.seek(0)
        sys.stdout.write(output.read().decode())
        output.close()
    return 1 if any(codes) else 0


def _ask(framework: str, quotas: bool, seconds: int) -> int:
    print(f"\n##### {framework}, {'the default' if quotas else 'no'} quotas, {seconds} s", flush=True)
    with served(framework, quotas) as site, tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "openapi.json")  # at the address itself it would leave out the document's own endpoint
        copy.write_bytes(requests.get(f"{site.address}/openapi.json", timeout=10).content)
        command = [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "--no-color", "run", str(copy),
            "--url", site.address, "--max-time", str(seconds), "--report", "json", "--report-json-path", "report.json",
        ]  # fmt: skip
        if quotas:
            command += ["--warnings", "off"]  # that most is refused is what the quotas are for
        environment = _environment() | {"UZOTP_SERVED": " ".join([site.address, *site.tokens])}
        code = subprocess.run(command, cwd=folder, env=environment).returncode
        for (endpoint, status), times in sorted(site.answers.items()):
            print(f"{endpoint:>14} {status} {times:>7}")
        missing = SUCCESSES - set(site.answers) if not quotas and _ran_through(Path(folder, "report.json")) else set()
        print(f"NEVER SEEN: {sorted(missing)}\n" if missing else "", flush=True)
        return 1 if code or missing else 0


def _ran_through(report: Path) -> bool:
    """Whether the time sufficed for the last phase."""
    return bool(json.loads(report.read_text("utf-8"))["phases"]["stateful"]["status"] == "success")


def _environment() -> dict[str, str]:
    """What this process imports is there for its children too."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONIOENCODING": "utf-8"}


if __name__ == "__main__":
    sys.exit(main())
