"""Sending a code and checking one."""

from __future__ import annotations

from argparse import Namespace

from uzotp.cli.project import FROM_THE_TERMINAL, Project, argument, command, note, purpose_argument, report, time_text
from uzotp.errors import ConfigurationError
from uzotp.policy import Purpose
from uzotp.stores.memory import MemoryStore
from uzotp.verification import Verifier

_BINDING = argument("--binding", default="", help="what ties the code to one browser or app; default none")


@command(
    "Send a code to a phone.",
    argument("phone", metavar="PHONE", help=FROM_THE_TERMINAL),
    purpose_argument(),
    argument("--language", help="of the message, where the gateway has a choice: uz, ru, en"),
    _BINDING,
    reports=True,
)
def send(project: Project, options: Namespace) -> bool:
    verifier = project.verifier
    challenge = verifier.send_code(
        options.phone,
        read_purpose(verifier, options.purpose),
        client_ip=None,
        binding=options.binding,
        language=options.language,
    )
    delivery = challenge.delivery
    report(
        options,
        {
            "phone": challenge.phone.masked,
            "country": challenge.phone.country,
            "purpose": challenge.purpose.value,
            "code_length": challenge.code_length,
            "expires_at": time_text(challenge.expires_at),
            "resend_at": time_text(challenge.resend_at),
            "sends": challenge.sends,
            "attempts_left": challenge.attempts_left,
            "delivery": {"id": delivery.id, "status": delivery.status.value, "gateway": delivery.gateway},
        },
        [
            f"phone:     {challenge.phone.masked}",
            f"delivery:  {delivery.status} ({delivery.gateway})",
            f"expires:   {time_text(challenge.expires_at)}",
            f"resend:    from {time_text(challenge.resend_at)}",
        ],
    )
    if isinstance(verifier.store, MemoryStore):
        note("STORE is memory://, so no other command can check this code")
    return True


@command(
    "Check a code.",
    argument("phone", metavar="PHONE", help=FROM_THE_TERMINAL),
    argument("code", metavar="CODE", help=FROM_THE_TERMINAL),
    purpose_argument(),
    _BINDING,
    reports=True,
)
def verify(project: Project, options: Namespace) -> bool:
    verifier = project.verifier
    purpose = read_purpose(verifier, options.purpose)
    result = verifier.verify_code(options.phone, options.code, purpose, binding=options.binding)
    wait = result.retry_after
    line = f"{result.status} {result.phone.masked}"
    if not result:
        line += f", tries left: {result.attempts_left}" + (f", try again in {wait} s" if wait is not None else "")
    data = {
        "status": result.status.value,
        "phone": result.phone.masked,
        "attempts_left": result.attempts_left,
        "retry_after": wait,
        "proof": result.proof,
    }
    report(options, data, [line])
    return bool(result)


def read_purpose(verifier: Verifier, purpose: str) -> Purpose:
    """:raises ConfigurationError: for one that ``PURPOSES`` leaves out."""
    try:
        return verifier.read_purpose(purpose)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
