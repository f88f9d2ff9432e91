"""Looking after an installation: what cron calls, what a person switches, and the stand-in for development."""

from __future__ import annotations

from argparse import Namespace

from uzotp.cli.commands.account import balance_lines
from uzotp.cli.project import COUNT, Project, argument, command, plain, whole
from uzotp.errors import ConfigurationError
from uzotp.ports.store import PAUSE, Store
from uzotp.sending.spending import blocked_name


@command(
    "Ask about unfinished deliveries, and for the balances: for cron.",
    argument("--limit", type=COUNT, default=200, metavar="N", help="default %(default)s"),
)
def poll(project: Project, options: Namespace) -> bool:
    """The deliveries that no callback finished; and every balance, so that a low one becomes an event."""
    verifier = project.verifier
    print(f"deliveries moved: {verifier.poll(options.limit)}")
    for answer in verifier.balances.poll():
        print(balance_lines(answer)[0])
    return True


@command(
    "Delete what is over: for cron.",
    argument(
        "--keep-days",
        type=COUNT,
        default=30,
        metavar="N",
        help="of deliveries; default %(default)s. Counts and money by the day are kept for 400; what else is over goes",
    ),
)
def purge(project: Project, options: Namespace) -> bool:
    """Old deliveries, days long past, and what is over by itself."""
    print(f"rows deleted: {project.verifier.purge(options.keep_days)}")
    return True


@command(
    "Run a stand-in for the SMS services on this machine.",
    argument("--host", default="127.0.0.1", help="default %(default)s"),
    argument(
        "--port",
        type=whole(0, 65535, "a port: {low} to {high}"),
        default=8025,
        help="default %(default)s; 0 takes a free one",
    ),
)
def sandbox(_project: Project, options: Namespace) -> bool:
    """Answer until Ctrl-C or SIGTERM."""
    try:
        from uzotp.sandbox import serve
    except ModuleNotFoundError as error:
        if error.name != "flask":
            raise
        raise ConfigurationError(str(error)) from None
    serve(options.host, options.port)
    return True


@command(
    "Stop all sending, at once and everywhere, until `resume`.",
    argument("--note", default="", help="why, for whoever finds it paused"),
)
def pause(project: Project, options: Namespace) -> bool:
    """From now on every send of every process on this store is refused with ``SendingPaused``."""
    note = options.note.encode("utf-8", "replace").decode()  # a shell may hand over bytes that are no text
    is_new = shared_store(project, "paused").switch_on(PAUSE, note)
    print("sending is paused" if is_new else "sending was paused already, and stays so")
    return True


@command("Let sending go on.")
def resume(project: Project, options: Namespace) -> bool:
    was_on = shared_store(project, "resumed").switch_off(PAUSE)
    print("sending goes on" if was_on else "sending was not paused")
    return True


@command(
    "Try service names again that a gateway refused and charged for.",
    argument("--gateway", metavar="NAME", help="only with this gateway; default all"),
    argument("--name", metavar="NAME", help="only this service name; default all"),
)
def unblock(project: Project, options: Namespace) -> bool:
    """Try the blocked (gateway, service name) pairs again, all or those asked for; no such pair is a refusal only if
    one was asked for."""
    store, freed = shared_store(project, "unblocked"), 0
    for switch in list(store.switches()):
        pair = blocked_name(switch.name)
        if pair is None or options.gateway not in (None, pair[0]) or options.name not in (None, pair[1]):
            continue
        freed += store.switch_off(switch.name)
        print(f"unblocked: {plain(pair[0])}, {plain(pair[1])!r}")
    if not freed:
        print("no such pair is blocked" if options.gateway or options.name else "nothing is blocked")
    return bool(freed) or not (options.gateway or options.name)


def shared_store(project: Project, done: str) -> Store:
    """:raises ConfigurationError: the switch would be thrown in this process alone, which is about to end."""
    if project.config.store == "memory://":
        raise ConfigurationError(
            f"STORE is memory://, which other processes do not see: nothing was {done}. Use a database."
        )
    return project.verifier.store
