"""The one command line behind ``uzotp``, ``manage.py uzotp`` and ``flask uzotp``: what may be typed, and how it ends.

What the commands do is in :mod:`uzotp.cli`. Exit status: 0 fine; 1 refused, a wrong code, or a problem found by
the doctor; 2 a mistake in the call or in the settings.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cached_property
from typing import NoReturn

from uzotp import __version__
from uzotp.cli import commands
from uzotp.errors import ConfigurationError, UzotpError, redact
from uzotp.i18n import LANGUAGES
from uzotp.insight.collect import DEFAULT_PERIOD, PERIODS
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.settings.build import build
from uzotp.settings.config import Config, read_toml
from uzotp.verification import Verifier

FINE, REFUSED, MISTAKEN = 0, 1, 2
_INTERRUPTED, _UNHEARD = 130, 141  # as a shell calls a death by SIGINT or SIGPIPE


def main(argv: Sequence[str] | None = None, *, project: commands.Project | None = None, prog: str = "uzotp") -> int:
    """Run one command and return its exit status; nothing but a bug raises.

    *project* is where the settings come from. Without one they are those of ``--config`` or ``$UZOTP_CONFIG`` (a
    TOML file), over which the environment's ``UZOTP_*`` goes. Where nobody reads the output to its end
    (``uzotp prices | head -1``), it ends quietly with 141.
    """
    try:
        status = _run(argv, project, prog)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _silence()
        return _UNHEARD
    return status


def _silence() -> None:
    """Point the output at nothing, so that the interpreter's last flush does not fail as well (Python docs,
    ``signal``, "Note on SIGPIPE")."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(io.UnsupportedOperation):  # a stream in memory has no file behind it
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _run(argv: Sequence[str] | None, project: commands.Project | None, prog: str) -> int:
    try:
        options = _parser(prog, standalone=project is None).parse_args(argv)
    except SystemExit as end:  # argparse has shown the help, the version or the mistake
        return end.code if isinstance(end.code, int) else MISTAKEN
    try:
        done: bool = options.run(project or Standalone(options.config), options)
    except (ConfigurationError, UzotpError) as error:
        _complain(error, prog, as_json=options.json)
        return MISTAKEN if isinstance(error, ConfigurationError) else REFUSED
    except KeyboardInterrupt:
        return _INTERRUPTED
    return FINE if done else REFUSED


def _complain(error: ConfigurationError | UzotpError, prog: str, *, as_json: bool) -> None:
    message = commands.plain(str(error))
    print(f"{prog}: {message}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": error.code, "message": message, "retry_after": getattr(error, "retry_after", None)}))


class Standalone:
    """A project without a framework. Naming the console gateway is how it says that it is not in production."""

    def __init__(self, path: str | None = None) -> None:
        self._path = path or os.environ.get("UZOTP_CONFIG") or None

    @cached_property
    def config(self) -> Config:
        """:raises ConfigurationError: for settings that cannot work, or a file that cannot be read."""
        if os.getcwd() not in sys.path:  # dotted paths are the project's own; an installed script does not see it
            sys.path.append(os.getcwd())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            toml = read_toml(self._path) if self._path else None
            config = Config.from_mapping({}, environ=os.environ, toml=toml)
        for warning in caught:
            print(f"warning: {warning.message}", file=sys.stderr)
        return config

    @property
    def production(self) -> bool:
        return "console" not in self.config.gateways

    @cached_property
    def verifier(self) -> Verifier:
        """:raises ConfigurationError: when a part cannot be made."""
        return build(self.config, production=self.production)


# ------------------------------------------------------------------------------------------------ what may be typed


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Repeat no number and no code that was typed in the wrong place: terminals are recorded."""
        super().error(redact(message, limit=500))


def _parser(prog: str, *, standalone: bool) -> _Parser:
    parser = _Parser(prog=prog, description="Send and check codes by SMS; look after uzotp.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"uzotp {__version__}")
    parser.set_defaults(config=None, json=False)
    anywhere = _Parser(add_help=False)
    if standalone:
        for place in (parser, anywhere):
            place.add_argument(
                "--config",
                metavar="FILE",
                default=argparse.SUPPRESS,
                help="a TOML file of settings, or $UZOTP_CONFIG; the environment's UZOTP_* go before it",
            )
    group = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, run: commands.Command, about: str, *, reports: bool = False) -> argparse.ArgumentParser:
        command = group.add_parser(name, help=about, description=about, parents=[anywhere], allow_abbrev=False)
        command.set_defaults(run=run)
        if reports:
            command.add_argument("--json", action="store_true", help="for scripts")
        return command

    send = add("send", commands.send, "Send a code to a phone.", reports=True)
    send.add_argument("phone", metavar="PHONE")
    _add_purpose(send)
    send.add_argument("--language", help="of the message, where the gateway has a choice: uz, ru, en")
    _add_binding(send)

    verify = add("verify", commands.verify, "Check a code.", reports=True)
    verify.add_argument("phone", metavar="PHONE")
    verify.add_argument("code", metavar="CODE", help='"-" asks for it, so that it stays out of the shell\'s history')
    _add_purpose(verify)
    _add_binding(verify)

    add("balance", commands.balance, "Show the money of the gateway's account.", reports=True)

    status = add("status", commands.status, "Ask the gateway what became of a message.", reports=True)
    status.add_argument("id", metavar="ID", help="the gateway's own id of the message")
    _add_gateway(status)

    history = add("history", commands.history, "List the account's messages, without their texts.", reports=True)
    history.add_argument("--limit", type=_positive, default=20, metavar="N", help="default %(default)s")
    history.add_argument("--status", choices=[status.value for status in DeliveryStatus])
    _add_gateway(history)

    report = add("report", commands.report, "Show spend, deliveries, waits, refusals and balances.", reports=True)
    report.add_argument(
        "--days",
        type=_days,
        default=DEFAULT_PERIOD,
        metavar="N",
        help=f"with today: {', '.join(map(str, PERIODS))}; default %(default)s",
    )

    name = add("check-name", commands.check_name, "Say whether devsms takes a service name, and what it costs.")
    name.add_argument("name", metavar="NAME")

    text = add("text", commands.text, "Show every text that people get, its parts and its price at home.")
    text.add_argument("--language", choices=LANGUAGES)
    text.add_argument("--purpose", choices=[purpose.value for purpose in Purpose])
    text.add_argument("--name", help="a service name to try; default SERVICE_NAME")
    text.add_argument("--gateway", choices=["devsms", "getsms"], help="only what this one sends")

    prices = add("prices", commands.prices, "Show what devsms charges for one part.", reports=True)
    prices.add_argument("asked", nargs="*", metavar="COUNTRY|PHONE", help="an ISO code or a number; default all")
    prices.add_argument("--account", choices=["local", "foreign"], help="the column; default both")

    sandbox = add("sandbox", commands.sandbox, "Run a stand-in for the SMS services on this machine.")
    sandbox.add_argument("--host", default="127.0.0.1", help="default %(default)s")
    sandbox.add_argument("--port", type=_port, default=8025, help="default %(default)s; 0 takes a free one")

    doctor = add("doctor", commands.doctor, "Look for what is wrong with the settings and the store.", reports=True)
    doctor.add_argument("--online", action="store_true", help="ask the gateways for their balances too")

    canary = add("canary", commands.canary, "Send a code to a rented number and see whether it arrives.", reports=True)
    canary.add_argument("--number-from", choices=["socgrow", "sms-man"], required=True, help="who rents the number out")
    canary.add_argument("--country", type=_country, default="uz", metavar="CODE", help="default %(default)s")
    canary.add_argument(
        "--max-price", type=_price, required=True, metavar="N", help="for the number, in the provider's own currency"
    )
    canary.add_argument("--service", help="socgrow: what the number is for; default any")
    canary.add_argument("--application", help="sms-man: what the number is for, by name or code; required there")
    canary.add_argument("--title", help="sms-man: the country's title there, where it is not its English name")
    canary.add_argument("--wait", type=_wait, default=300, metavar="SECONDS", help="default %(default)s, the most")
    _add_purpose(canary, "--purpose", default="login")

    pause = add("pause", commands.pause, "Stop all sending, at once and everywhere, until `resume`.")
    pause.add_argument("--note", default="", help="why, for whoever finds it paused")
    add("resume", commands.resume, "Let sending go on.")
    unblock = add("unblock", commands.unblock, "Try service names again that a gateway refused and charged for.")
    unblock.add_argument("--gateway", metavar="NAME", help="only with this gateway; default all")
    unblock.add_argument("--name", metavar="NAME", help="only this service name; default all")

    poll = add("poll", commands.poll, "Ask about unfinished deliveries, and for the balances: for cron.")
    poll.add_argument("--limit", type=_positive, default=200, metavar="N", help="default %(default)s")

    purge = add("purge", commands.purge, "Delete what is over: for cron.")
    purge.add_argument(
        "--keep-days",
        type=_positive,
        default=30,
        metavar="N",
        help="of deliveries; default %(default)s. Counts and money by the day are kept for 400; what else is over goes",
    )
    return parser


def _add_purpose(parser: argparse.ArgumentParser, name: str = "purpose", default: str | None = None) -> None:
    names = [purpose.value for purpose in Purpose]
    about = ", ".join(names) + (f"; default {default}" if default else "")
    parser.add_argument(name, metavar="PURPOSE", choices=names, default=default, help=about)


def _add_gateway(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gateway", metavar="NAME", help="which to ask; default the first that can answer")


def _add_binding(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--binding", default="", help="what ties the code to one browser or app; default none")


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 999999")
    return int(text)


def _days(text: str) -> int:
    if text not in map(str, PERIODS):
        raise argparse.ArgumentTypeError(f"{text!r} is not one of the periods {', '.join(map(str, PERIODS))}")
    return int(text)


def _wait(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 5 <= int(text) <= 300):
        raise argparse.ArgumentTypeError(f"{text!r} is not a wait of 5 to 300 seconds")
    return int(text)


def _price(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,4})?", text) or not Decimal(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a price like 12000 or 0.35")
    return Decimal(text)


def _country(text: str) -> str:
    if not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO 3166-1 code like uz")
    return text.lower()


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535")
    return int(text)
