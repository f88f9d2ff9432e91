"""Support's questions about one number: why no code comes, let it in, erase it."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from uzotp.cli.commands.upkeep import shared_store
from uzotp.cli.project import FROM_THE_TERMINAL, Project, argument, command, plain, report, time_text
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryRecord
from uzotp.results import Quota, utc

_PHONE = argument("phone", metavar="PHONE", help=FROM_THE_TERMINAL)


@command("Show the last messages to a number, and what keeps it out.", _PHONE, reports=True)
def trace(project: Project, options: Namespace) -> bool:
    found = project.verifier.trace(_read(project, options, "found"))
    masked, resend_at = found.phone.masked, time_text(found.resend_at)
    locked_until, devices_locked_until = time_text(found.locked_until), time_text(found.devices_locked_until)
    used = any(quota.left < quota.limit.count for quota in found.device_quotas)
    devices = f"known ones are locked until {devices_locked_until}" if devices_locked_until else ""
    devices = devices or (f"of known ones {_quota_text(found.device_quotas)}" if used else "")
    data = {
        "phone": masked,
        "locked_until": locked_until,
        "resend_at": resend_at,
        "quotas": _quotas(found.quotas),
        "devices": {"locked_until": devices_locked_until, "quotas": _quotas(found.device_quotas)},
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
        f"messages:  {_quota_text(found.quotas)}",
        *([f"devices:   {devices}"] if devices else []),
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


@command("Know no device of a number any more: after a theft, say.", _PHONE)
def revoke(project: Project, options: Namespace) -> bool:
    """Browsers and apps that have proved it until now have to prove it anew."""
    phone = _read(project, options, "revoked")
    project.verifier.revoke_devices(phone)
    print(f"no device of {phone.masked} is known any more")
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
    return project.verifier.policy.read_phone(options.phone)


def _time(ms: int | None) -> str | None:
    return time_text(None if ms is None else utc(ms))


def _quotas(quotas: tuple[Quota, ...]) -> list[dict[str, Any]]:
    return [{"limit": str(quota.limit), "left": quota.left, "until": time_text(quota.until)} for quota in quotas]


def _quota_text(quotas: tuple[Quota, ...]) -> str:
    return ", ".join(_left_text(quota) for quota in quotas) or "no limit"


def _left_text(quota: Quota) -> str:
    return f"{quota.left} of {quota.limit} left" + (f" until {time_text(quota.until)}" if quota.until else "")


def _delivery_text(row: DeliveryRecord) -> str:
    verified = f"verified {_time(row.verified_at_ms)}" if row.verified_at_ms else "not verified"
    return f"{_time(row.created_at_ms)}  {row.purpose:<14}  {row.status:<9}  {plain(row.gateway):<10}  {verified}"
