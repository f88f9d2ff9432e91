"""Who is asking: the network that a client's quota counts by, and that quota."""

from __future__ import annotations

import ipaddress

from uzotp.ports.store import GlobalReservation, Refusal, RefusalKind, ReserveGlobal
from uzotp.rules import logs


def reserve_client(log: str, request: ReserveGlobal, now: int) -> tuple[str, int] | Refusal:
    """One more send from this client's network, or not. Returns the new log and the moment it was entered with."""
    broken = logs.exceeded(log, request.client_limits, now)
    if broken:
        return Refusal(RefusalKind.RATE_LIMITED, f"client {broken[0]}", broken[1])
    at = max(now, logs.nth_newest(log, 1) or 0)  # a clock that steps back must not make room
    return logs.add(log, at, request.entry_id, request.client_limits), at


def release_client(log: str, reservation: GlobalReservation) -> str:
    """The client's log without this reservation; the same log when it is not in there."""
    return log.replace(logs.entry(reservation.at_ms, reservation.entry_id), "", 1)


#: Addresses that stand for nobody in particular: a proxy that forgot to say for whom it speaks. The documentation
#: ranges (RFC 5737) are not here although ``ipaddress`` calls them private.
_NOBODY = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/128",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
]


def client_network(address: str | None) -> str | None:
    """What the client quota counts by: an IPv4 address, or an IPv6 /64 (R35).

    ``None`` for no address, text that is none, and loopback or private peers: those have no client quota.
    """
    if not address:
        return None
    try:
        ip = ipaddress.ip_address(_without_port(address.strip()).partition("%")[0])
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if any(ip in network for network in _NOBODY if network.version == ip.version):
        return None
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ipaddress.ip_network((ip, 64), strict=False))


def _without_port(address: str) -> str:
    """Some proxies add the port: ``203.0.113.7:5678``, ``[2001:db8::1]:5678``."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, port = address.partition(":")
    return host if colon and port.isdecimal() and "." in host else address
