"""Who is asking: the networks that a client's quotas count by, and those quotas."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from uzotp.policy import Limit
from uzotp.ports.store import GlobalReservation, Refusal, RefusalKind, ReserveGlobal
from uzotp.rules import logs


class Network(NamedTuple):
    """What a client is counted by: the word for it in a quota's name, its fingerprint, its limits."""

    word: str
    fingerprint: str
    limits: tuple[Limit, ...]


def networks_of(request: ReserveGlobal) -> list[Network]:
    """The client's own, then the wider one that it is in: rows are locked in this order."""
    if request.client is None or not request.client_limits:
        return []
    wider = [Network("network", request.wider, request.wider_limits)] if request.wider else []
    return [Network("client", request.client, request.client_limits), *wider]


def reserve_client(log: str, network: Network, now: int) -> int | Refusal:
    """One more send from this network, or not. Returns the moment that it may be entered with, or any later one."""
    broken = logs.exceeded(log, network.limits, now)
    if broken:
        return Refusal(RefusalKind.RATE_LIMITED, f"{network.word} {broken[0]}", broken[1])
    return max(now, logs.nth_newest(log, 1) or 0)  # a clock that steps back must not make room


def release_client(log: str, reservation: GlobalReservation) -> str:
    """A network's log without this reservation; the same log when it is not in there."""
    return log.replace(logs.entry(reservation.at_ms, reservation.entry_id), "", 1)


#: Addresses that stand for nobody in particular: a proxy that forgot to say for whom it speaks. The documentation
#: ranges (RFC 5737) are not here although ``ipaddress`` calls them private; ``::`` and ``::1`` are 0.0.0.0 and 0.0.0.1.
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
        "fc00::/7",
        "fe80::/10",
    )
]
#: Where the last 32 bits are an IPv4 address: IPv4-compatible, IPv4-mapped and IPv4-translated addresses, NAT64, and
#: NAT64 with a /96 of one's own (RFC 4291, 2765, 6052, 8215).
_IPV4_AT_THE_END = [
    ipaddress.ip_network(network)
    for network in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
]


def client_network(address: str | None) -> str | None:
    """What the client quota counts by: an IPv4 address, also one inside an IPv6 address, or an IPv6 /64 (R35).

    ``None`` for no address, text that is none, and loopback or private peers: those have no client quota.
    """
    ip = _read(address or "")
    if isinstance(ip, ipaddress.IPv6Address):
        ip = _ipv4_inside(ip) or ip
    if ip is None or any(ip in network for network in _NOBODY if network.version == ip.version):
        return None
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ipaddress.ip_network((ip, 64), strict=False))


def wider_network(network: str) -> str | None:
    """The IPv6 /48 that a client's /64 is in, of which a visitor may have all; an IPv4 address is in none."""
    return str(ipaddress.ip_network(network).supernet(new_prefix=48)) if ":" in network else None


def widest_network(address: str | None) -> str | None:
    """Whom a process's places are shared out to: an IPv4 address or an IPv6 /48; ``None`` where there is no quota."""
    network = client_network(address)
    return network and (wider_network(network) or network)


def is_address(text: str) -> bool:
    """Whether *text* can be read as an address, whoever that stands for."""
    return _read(text) is not None


def _read(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(_without_port(address.strip()).partition("%")[0])
    except ValueError:
        return None


def _ipv4_inside(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Whom a translator or a tunnel speaks for, 6to4 and Teredo among them."""
    if ip.teredo:
        return ip.teredo[1]
    if any(ip in network for network in _IPV4_AT_THE_END):
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.sixtofour


def _without_port(address: str) -> str:
    """Some proxies add the port: ``203.0.113.7:5678``, ``[2001:db8::1]:5678``."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, port = address.partition(":")
    return host if colon and port.isdecimal() and "." in host else address
