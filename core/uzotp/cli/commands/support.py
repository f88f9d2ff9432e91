"""Support's questions about one number: why no code comes, let it in, erase it."""

from __future__ import annotations

from argparse import Namespace

from uzotp.cli.commands.upkeep import shared_store
from uzotp.cli.project import Project, argument, command, plain, report, time_text
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryRecord
from uzotp.results import Quota, utc

_PHONE = argument("phone", metavar="PHONE")


@command("Show the last messages to a number, and what keeps it out.", _PHONE, reports=True)
def trace(project: Project, options: Namespace) -> bool:
    found = project.verifier.trace(_read(project, options, "found"))
    masked, quotas = found.phone.masked, found.quotas
    locked_until, resend_at = time_text(found.locked_until), time_text(found.resend_at)
    data = {
        "phone": masked,
        "locked_until": locked_until,
        "resend_at": resend_at,
        "quotas": [
            {"limit": str(quota.limit), "left": quota.left, "until": time_text(quota.until)} for quota in quotas
        ],
        "deliveries": [
            {
                "created_at": _time(row.created_at_ms),
                "purpose": row.purpose.value,
                "status": row.status.value,
                "gateway": plain(row.gateway),
                "verified_at": _time(row.verified_at_ms),
            }
            for row in found.deliveries
        ],
    }
    lines = [
        f"phone:     {masked}",
        f"locked:    {f'until {locked_until}' if locked_until else 'no'}",
        f"cooldown:  {f'until {resend_at}' if resend_at else 'no'}",
        f"messages:  {', '.join(map(_quota_text, quotas)) or 'no limit'}",
        *map(_delivery_text, found.deliveries),
    ]
    report(options, data, lines if found.known else [f"nothing is kept of {masked}"])
    return True


@command("Let a number in: clear its wrong codes, its cooldown and its counted messages.", _PHONE)
def unlock(project: Project, options: Namespace) -> bool:
    """Codes that are out stay, with the tries that they have."""
    phone = _read(project, options, "unlocked")
    print(f"{phone.masked} is let in" if project.verifier.unlock(phone) else f"nothing keeps {phone.masked} out")
    return True


@command("Erase a number: its counters, challenges and deliveries.", _PHONE)
def forget(project: Project, options: Namespace) -> bool:
    """At once, and for good."""
    phone = _read(project, options, "forgotten")
    rows, what = project.verifier.forget(phone), "its counters, challenges and deliveries"
    print(f"rows deleted of {phone.masked}: {rows} ({what})" if rows else f"nothing is kept of {phone.masked}")
    return True


def _read(project: Project, options: Namespace, done: str) -> Phone:
    """:raises InvalidPhone: no number was typed. :raises ConfigurationError: as :func:`shared_store` does."""
    shared_store(project, done)
    return Phone.parse(options.phone, project.verifier.policy.default_region)


def _time(ms: int | None) -> str | None:
    return time_text(None if ms is None else utc(ms))


def _quota_text(quota: Quota) -> str:
    return f"{quota.left} of {quota.limit} left" + (f" until {time_text(quota.until)}" if quota.until else "")


def _delivery_text(row: DeliveryRecord) -> str:
    verified = f"verified {_time(row.verified_at_ms)}" if row.verified_at_ms else "not verified"
    return f"{_time(row.created_at_ms)}  {row.purpose:<14}  {row.status:<9}  {plain(row.gateway):<10}  {verified}"
