"""Whether the time of the next request tells who has an account (P9): a stranger with a stop-watch.

A Flask site with ``SHOULD_SEND`` runs in a process of its own, its store in PostgreSQL, its gateway
far away. The stranger asks for a code by JSON, for a number with an account or without one, drawn for each
sample, and times that answer and the requests right after it. Of each time the table tells both means with the standard
error of their difference (Welch), and how many of those numbers a threshold puts into the right group: learned on every
other sample, tried on the rest, so that 50 % is a coin.

``python benchmarks/probing.py`` prints the table as Markdown for 200 and for 2,000 samples; ``--write`` also writes
probing.md beside this file.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import math
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "core")]

from benchmarks.figures.servers import SPAWN, database, free_port  # noqa: E402

SAMPLES = (200, 2_000)
#: Requests after the send, and the pause in seconds before the next sample: a stranger who is in no hurry.
AFTER, PAUSE = 5, 0.22
#: What the gateway takes, in seconds.
LATENCY = 0.15
WIDE = "5000/day"


def has_account(phone: str) -> bool:
    return phone[-1] in "02468"


def serve(port: int, store: str, gateway: str, ready: Event) -> None:
    from flask import Flask
    from werkzeug.serving import WSGIRequestHandler, make_server

    from flask_uzotp import UzOTP, blueprint

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *args: object) -> None: ...

    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=random.randbytes(32).hex(),
        UZOTP_GATEWAYS=["devsms"],
        UZOTP_DEVSMS_TOKEN="sandbox",
        UZOTP_DEVSMS_BASE_URL=f"{gateway}/api",
        UZOTP_SERVICE_NAME="Choyxona",
        UZOTP_STORE=store,
        UZOTP_GUARD="off",
        UZOTP_CLIENT_QUOTA=WIDE,
        UZOTP_SHOULD_SEND=lambda phone, purpose: has_account(phone),
    )
    UzOTP(app)
    app.register_blueprint(blueprint, url_prefix="/otp")
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    ready.set()
    server.serve_forever()


def gateway(port: int, latency: float) -> None:
    """devsms as it looks from far away: it answers late, and costs this machine next to nothing."""
    taken = {"sms_id": 1, "request_id": "a", "status": "sent", "parts_count": 1, "total_cost": 50, "balance": 10**6}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            await reader.readexactly(int(head.lower().split(b"content-length:")[1].split()[0]))
            await asyncio.sleep(latency)
            taken["sms_id"] += 1
            body = json.dumps({"success": True, "message": "", "data": taken}).encode()
            lines = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(lines.encode() + body)

    async def run() -> None:
        await (await asyncio.start_server(answer, "127.0.0.1", port)).serve_forever()

    asyncio.run(run())


@contextmanager
def site(latency: float) -> Iterator[int]:
    """The site's port."""
    with database("postgres") as store:
        port, far, ready = free_port(), free_port(), SPAWN.Event()
        processes = [
            SPAWN.Process(target=gateway, args=(far, latency), daemon=True),
            SPAWN.Process(target=serve, args=(port, store.url, f"http://127.0.0.1:{far}", ready), daemon=True),
        ]
        for process in processes:
            process.start()
        try:
            if not ready.wait(30):
                raise SystemExit("the site did not start")
            yield port
        finally:
            for process in processes:
                process.kill()
                process.join()


class Stranger:
    """One keep-alive connection, and a stop-watch."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def post(self, path: str, body: dict[str, str]) -> tuple[float, dict[str, object]]:
        started = perf_counter()
        self._connection.request("POST", f"/otp/{path}", json.dumps(body), {"Content-Type": "application/json"})
        answer = self._connection.getresponse().read()
        return perf_counter() - started, json.loads(answer)


def probe(port: int, samples: int, dice: random.Random) -> tuple[list[bool], dict[str, list[float]]]:
    """Whether each sample's number has an account, and what was timed of each."""
    stranger, known, seen = Stranger(port), [], {"the send itself": [], "the next": [], f"the next {AFTER}": []}
    numbers = dice.sample(range(10**7), samples + 50)
    for at, number in enumerate(numbers):
        phone = f"+99890{number:07}"
        spent, answer = stranger.post("send", {"phone": phone, "purpose": "login"})
        token = answer["challenge"]
        after = [stranger.post("verify", {"challenge": token, "code": "12345"})[0] for _ in range(AFTER)]
        if at >= 50:  # the first ones warm the site up
            known.append(has_account(phone))
            for times, value in zip(seen.values(), (spent, after[0], sum(after)), strict=True):
                times.append(value * 1e6)
        time.sleep(PAUSE * dice.uniform(0.8, 1.2))
    return known, seen


def told_apart(known: Sequence[bool], times: Sequence[float]) -> float:
    """The share that a threshold, either way round, puts into the right group; 0.5 is a coin."""
    pairs = list(zip(times, known, strict=True))
    learned, tried = pairs[::2], pairs[1::2]

    def share(pairs: Sequence[tuple[float, bool]], threshold: float, above: bool) -> float:
        of = {True: [0, 0], False: [0, 0]}
        for value, group in pairs:
            of[group][(value > threshold) == (group == above)] += 1
        return statistics.mean(right / max(1, right + wrong) for wrong, right in of.values())

    choices = [(threshold, above) for threshold, _ in learned for above in (True, False)]
    return share(tried, *max(choices, key=lambda choice: share(learned, *choice)))


def compared(known: Sequence[bool], times: Sequence[float]) -> list[str]:
    groups = [[value for value, group in zip(times, known, strict=True) if group is wanted] for wanted in (True, False)]
    # One answer that the machine kept waiting says nothing of the rest: a hundredth at each end is left out.
    kept = [sorted(group)[len(group) // 100 : -max(1, len(group) // 100)] for group in groups]
    means = [statistics.mean(group) for group in kept]
    error = math.sqrt(sum(statistics.variance(group) / len(group) for group in kept))
    difference = means[1] - means[0]
    return [f"{means[0]:,.0f}", f"{means[1]:,.0f}", f"{difference:+,.0f} ± {error:,.0f}", f"{difference / error:+.1f}"]


def table(port: int, counts: Sequence[int], seed: int) -> str:
    dice = random.Random(seed)
    lines = [
        "| samples | timed | sent, µs | suppressed, µs | difference | in errors | told apart |",
        "|---|---|---|---|---|---|---|",
    ]
    for count in counts:
        known, seen = probe(port, count, dice)
        for name, times in seen.items():
            cells = [f"{count:,}", name, *compared(known, times), f"{told_apart(known, times):.0%}"]
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, action="append", help="how many, each its own rows")
    parser.add_argument("--latency", type=float, default=LATENCY, help="what the gateway takes, in seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    with site(arguments.latency) as port:
        text = table(port, arguments.samples or SAMPLES, arguments.seed)
    print(text)
    if arguments.write:
        about = "\n".join(__doc__.strip().splitlines()[2:-3]).strip()
        head = f"# The time of the next request\n\nMade by `python benchmarks/probing.py --write`.\n\n{about}"
        Path(__file__).with_suffix(".md").write_text(f"{head}\n\n{text}\n", "utf-8")


if __name__ == "__main__":
    main()
