"""What the commands of :mod:`uzotp.cli` do. Each prints its report and says whether all is well.

No code, no token and no full number is printed, with one exception that a person asks for: ``verify --json`` shows
the proof.
"""

from uzotp.commands.account import balance, history, status
from uzotp.commands.checkup import doctor
from uzotp.commands.codes import send, verify
from uzotp.commands.common import Command, Project, plain
from uzotp.commands.report import report
from uzotp.commands.switches import pause, resume, unblock
from uzotp.commands.trial import canary
from uzotp.commands.upkeep import poll, purge, sandbox
from uzotp.commands.writing import check_name, prices, text

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
