"""Coverage-guided fuzzing of the same targets: ``python tests/fuzz/guided.py TARGET --seconds 60``.

It needs atheris (``pip install atheris``), which nothing else here does. Without a target it lists them. A failure ends
the run with its traceback; the input that led to it is left in the folder that is named at the start, and
``python tests/fuzz/guided.py TARGET --input FILE`` tries it again.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("target", nargs="?")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--input", type=Path)
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "core")]
    try:
        import atheris
    except ModuleNotFoundError:
        sys.exit("atheris is not installed: pip install atheris")
    with atheris.instrument_imports(include=["uzotp", "django_uzotp", "flask_uzotp"]):
        targets = _targets()
    if options.target not in targets:
        sys.exit("targets: " + " ".join(targets))
    run, seeds = targets[options.target]()
    logging.disable()
    if options.input:
        run(options.input.read_bytes())
        return
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{options.target}-"))
    print(f"failures go to {folder}")
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        corpus.joinpath(str(number)).write_bytes(seed)
    words = {word for seed in seeds for word in re.findall(rb"[\w.+:/@-]{2,}", seed)}
    dictionary = folder / "words"
    dictionary.write_bytes(b"".join(b'"%s"\n' % word for word in sorted(words)))
    atheris.Setup(
        [
            sys.argv[0], str(corpus), f"-artifact_prefix={folder}/", f"-dict={dictionary}",
            f"-max_total_time={options.seconds}",
            "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
        ],
        run,
    )  # fmt: skip
    atheris.Fuzz()


Run = Callable[[bytes], Any]


def _targets() -> dict[str, Callable[[], tuple[Run, list[bytes]]]]:
    """How each target is run on bytes, and what it begins with; a site is made for the target that needs one."""
    import json

    from tests.core.gateways import samples
    from tests.fuzz import hosts, replies, visitors
    from tests.fuzz.inputs import CODE, PHONE, STATUSES
    from uzotp.http.client import Reply

    def of_reply(name: str) -> tuple[Run, list[bytes]]:
        target, values = replies.TARGETS[name]

        def run(data: bytes) -> None:
            target(Reply(STATUSES[data[0] % len(STATUSES)], data[1:]) if data else Reply(200))

        return run, [bytes([status]) + json.dumps(value).encode() for value in values for status in (0, 4)]

    def of_text(target: Callable[[str], None], seeds: list[str]) -> tuple[Run, list[bytes]]:
        return lambda data: target(data.decode("utf-8", "surrogateescape")), [seed.encode() for seed in seeds]

    def of_file(target: Callable[[Path], None]) -> tuple[Run, list[bytes]]:
        path = Path(tempfile.mkdtemp(), "fuzz.toml")

        def run(data: bytes) -> None:
            path.write_bytes(data)
            target(path)

        return run, [
            b'[uzotp]\nTTL = 60\nPHONE_QUOTA = "5/hour"\n',
            b"RESEND_AFTER = [60, 1e3]",
            b'a."b" = {c = 1979-05-27}',
        ]

    def of_site(framework: str) -> tuple[Run, list[bytes]]:
        from tests.fuzz.web import API, Front

        front = Front(framework)

        def run(data: bytes) -> None:
            where, body = (data[0] if data else 0), data[1:]
            if where % 8 < 4:
                front.endpoint(API[where % 4], body, {"Accept-Language": body[:40].decode("latin-1")})
            elif where % 8 == 4:
                front.calls_back(body.partition(b"\n")[0].decode("latin-1"), body, "")
            elif where % 8 == 5:
                front.calls_back(front.callback, body, "")
            else:
                name, _, value = body.decode("utf-8", "surrogateescape").partition("=")
                front.visits(("", "code")[where % 2], {name: value.encode("utf-8", "replace").decode()})

        fields = {"phone": PHONE, "purpose": "login", "challenge": front.challenge, "code": CODE}
        seeds = [bytes([where]) + json.dumps(fields).encode() for where in range(4)]
        return run, [*seeds, b"\x05" + samples.CALLBACK, b"\x06phone=+998901238190", b"\x07code=819054"]

    texts = [
        "+998 90 123-81-90",
        "901238190",
        CODE,
        "203.0.113.7:80",
        "[2001:db8::1]:80",
        "uz;q=0.5, ru",
        "/a?b=c",
        "TechShop",
    ]
    urls = [
        "https://shop.uz/otp",
        "redis://:p@h:6379/0?prefix=a",
        "redis+cluster://a:1,b:2",
        "sqlite:///x",
        "postgresql+psycopg://u:p@h/d",
    ]
    found: dict[str, Callable[[], tuple[Run, list[bytes]]]] = {
        name: lambda name=name: of_reply(name) for name in replies.TARGETS
    }  # type: ignore[misc]
    found["devsms_callback"] = lambda: (
        replies.devsms_callback,
        [samples.CALLBACK, b"status=sent&sms_id=1&phone=998901238190"],
    )
    found |= {name: lambda call=call: of_text(call, texts) for name, call in visitors.TARGETS.items()}  # type: ignore[misc]
    found |= {name: lambda call=call: of_text(call, urls) for name, call in hosts.ADDRESSES.items()}  # type: ignore[misc]
    found["toml"] = lambda: of_file(hosts.toml)
    found |= {f"web_{name}": lambda name=name: of_site(name) for name in ("django", "flask")}  # type: ignore[misc]
    return found


if __name__ == "__main__":
    main()
