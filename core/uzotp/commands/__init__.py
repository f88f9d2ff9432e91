"""What the commands of :mod:`uzotp.cli` do. Each prints its report and says whether all is well.

No code, no token and no full number is printed, with one exception that a person asks for: ``verify --json`` shows
the proof.
"""

from uzotp.commands.account import balance, history, status
from uzotp.commands.codes import send, verify
from uzotp.commands.common import Command, Project, plain
from uzotp.commands.upkeep import doctor, poll, purge, sandbox
from uzotp.commands.writing import check_name, prices, text

__all__ = [
    "Command",
    "Project",
    "balance",
    "check_name",
    "doctor",
    "history",
    "plain",
    "poll",
    "prices",
    "purge",
    "sandbox",
    "send",
    "status",
    "text",
    "verify",
]
