"""What the commands of :mod:`uzotp.cli.run` do. Each prints its report and says whether all is well.

No code, no token and no full number is printed, with one exception that a person asks for: ``verify --json`` shows
the proof.
"""

from uzotp.cli.account import balance, history, status
from uzotp.cli.checkup import doctor
from uzotp.cli.codes import send, verify
from uzotp.cli.project import Command, Project, plain
from uzotp.cli.report import report
from uzotp.cli.switches import pause, resume, unblock
from uzotp.cli.trial import canary
from uzotp.cli.upkeep import poll, purge, sandbox
from uzotp.cli.writing import check_name, prices, text

__all__ = [
    "Command",
    "Project",
    "balance",
    "canary",
    "check_name",
    "doctor",
    "history",
    "pause",
    "plain",
    "poll",
    "prices",
    "purge",
    "report",
    "resume",
    "sandbox",
    "send",
    "status",
    "text",
    "unblock",
    "verify",
]
