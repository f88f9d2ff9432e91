"""A store in Redis 6 or newer, or a Redis Cluster: each decision is one Lua script, run whole and alone.

There are two hash tags, and no script names both: ``{g}`` is what all phones share, ``{fingerprint}`` is one phone's.
Everything but a switch expires by itself. What is kept is as good as what Redis keeps of its acknowledged writes:
``wait`` replicas, an append-only file and ``maxmemory-policy noeviction`` are the host's to choose (P11).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from uzotp.errors import ConfigurationError, StoreUnavailable
from uzotp.ports.delivery import DeliveryRecord, DeliveryReport
from uzotp.ports.ledger import History
from uzotp.ports.store import (
    AddDelivery,
    Admitted,
    Attempt,
    AttemptStatus,
    Checked,
    Correction,
    GlobalReservation,
    OpenChallenge,
    Opened,
    Refusal,
    ReserveGlobal,
    Settlement,
    Switch,
    Tallied,
    VerifiedDelivery,
)
from uzotp.rules import devices, logs
from uzotp.stores.lifetimes import COUNT_MS, DELIVERY_MS, count_end, memory_of
from uzotp.stores.redis import scripts
from uzotp.stores.redis.link import Client, Link, maker, read_url
from uzotp.stores.redis.rows import delivery_of, drop_over, summary_of
from uzotp.stores.redis.support import Support
from uzotp.stores.redis.words import (
    area_of,
    networks_of,
    number_of,
    pending_of,
    refused_to_all,
    refused_to_phone,
    request_of,
    reserved,
    wanted_of,
)
from uzotp.stores.summary import Summary
from uzotp.stores.tables import DELIVERY, outcome
from uzotp.tashkent import DAY_MS, day_number, day_of

_PAGE = 200


class RedisStore(Support):
    """A :class:`~uzotp.ports.store.Store` in Redis.

    *url_or_client*: ``redis://``, ``rediss://``, ``unix://``, ``redis+cluster://host:port,host:port``,
    ``redis+cluster+tls://…``, or a client of redis-py (``Redis``, ``RedisCluster``, a ``Sentinel``'s master), used as
    it is. *prefix*, or ``?prefix=`` in the URL, begins every key. *wait* is how many replicas must acknowledge what
    spends, within a second; else :class:`~uzotp.errors.StoreUnavailable`. *socket_timeout* is seconds, for connecting
    and for each reply, unless the client brings its own.

    :raises ConfigurationError: for an address that cannot be one.
    """

    counts_at_exit = True

    def __init__(
        self, url_or_client: str | Client, *, prefix: str = "uzotp:", wait: int = 0, socket_timeout: float = 5.0
    ) -> None:
        if isinstance(url_or_client, str):
            url, named = read_url(url_or_client)
            make, self._shown = maker(url, socket_timeout), url.partition(":")[0]
        else:
            client, named = url_or_client, None
            make, self._shown = lambda: client, type(client).__name__
        self._link = Link(make, wait)
        self.prefix = prefix if named is None else named
        if "{" in self.prefix or "}" in self.prefix:
            raise ConfigurationError("the prefix of a Redis store has no braces: they are for its own hash tags")

    def __repr__(self) -> str:
        return f"<RedisStore {self._shown}, keys {self.prefix}*>"

    # ------------------------------------------------------------------------------------- what all phones share

    def reserve(self, request: ReserveGlobal) -> GlobalReservation | Refusal:
        reply = self._link.decide(
            scripts.RESERVE, self._all_share(request), request_of(**wanted_of(request)), spends=True
        )
        return reserved(request, *reply) if reply[0] == "granted" else refused_to_all(request, *reply)

    def _all_share(self, request: ReserveGlobal) -> list[str]:
        return self._shared(
            "switches", *networks_of(request), area_of(request.prefix), area_of(request.country), "budget"
        )

    def adjust(self, reservation: GlobalReservation, spent: int, *, sent: bool, free_client: bool = False) -> None:
        if spent < 0:
            raise ValueError("no message earns money")
        request = {
            "entry_id": reservation.entry_id if free_client and reservation.client else None,
            "uncount": (not sent and bool(reservation.prefix)) or None,
            "change": (spent - reservation.amount or None) if reservation.day else None,
        }
        if not any(request.values()):
            return
        keys = self._shared(*networks_of(reservation), area_of(reservation.prefix), "budget")
        day = str(number_of(reservation.day)) if reservation.day else None
        self._link.decide(scripts.CORRECT, keys, request_of(**request, now=reservation.at_ms, day=day))

    def tally(self, tallied: Tallied) -> None:
        if tallied.areas:
            counts = [[(at, *count) for at, count in of.items()] for of in tallied.areas.values()]
            self._link.decide(scripts.TALLY, self._shared(*map(area_of, tallied.areas)), request_of(counts=counts))
        if tallied.verified:
            keys = [self._of(each.fingerprint, f"d:{each.delivery_id}") for each in tallied.verified]
            self._link.decide_each(scripts.VERIFIED, keys, [request_of(now=each.at_ms) for each in tallied.verified])

    def money_used(self, day: str) -> int:
        (budget,) = self._shared("budget")
        return int(self._link.read(("HGET", budget, number_of(day)))[0] or 0)

    def count(self, counts: Mapping[str, int], now: int | None = None) -> None:
        moment = self._now(*self._shared("")) if now is None else now
        request = request_of(now=moment, counts=counts, ends=count_end(day_of(moment)))
        self._link.decide(scripts.COUNT, self._shared(f"count:{day_number(moment)}"), request)

    def switch_on(self, name: str, note: str = "", now: int | None = None) -> bool:
        request = request_of(now=now, name=name, note=note[:200])
        return bool(self._link.decide(scripts.SWITCH_ON, self._shared("switches"), request, spends=True))

    def switch_off(self, name: str) -> bool:
        return bool(self._link.once("HDEL", *self._shared("switches"), name))

    def switches(self) -> list[Switch]:
        (found,) = self._link.read(("HGETALL", *self._shared("switches")))
        rows = [Switch(name, text[logs.DIGITS :], int(text[: logs.DIGITS])) for name, text in found.items()]
        return sorted(rows, key=lambda switch: (switch.since_ms, switch.name))

    # ------------------------------------------------------------------------------------------------- one phone

    def open(self, request: OpenChallenge) -> Opened | Refusal:
        reply = self._link.decide(
            scripts.OPEN, self._of_opening(request), request_of(**pending_of(request)), spends=True
        )
        return self._opened(request, *reply) if reply[0] == "opened" else refused_to_phone(request, *reply)

    def _of_opening(self, request: OpenChallenge) -> list[str]:
        wins, challenge = f"wins:{request.purpose.template_type}", f"c:{request.handle}"
        return self._of(
            request.fingerprint, "sends", "failures", wins, challenge, f"d:{request.delivery_id}", "devices"
        )

    def _opened(self, request: OpenChallenge, _word: str, *told: Any) -> Opened:
        nonce, key_id, attempts, sends, expires_at, resend_at, previous, mark = told
        opened = Opened(nonce, key_id, request.delivery_id, attempts, sends, expires_at, resend_at, mark=mark)
        if previous and sends > 1:
            opened = replace(opened, previous_delivery=self._delivery(request.fingerprint, previous))
        return opened

    def admit(self, wanted: ReserveGlobal, request: OpenChallenge) -> Admitted | Refusal:
        if self._link.clustered:
            return self._admit_in_turn(wanted, request)
        keys = [*self._of_opening(request), *self._all_share(wanted)]
        asked = request_of(now=wanted.now, wanted=wanted_of(wanted), opening=pending_of(request))
        word, *replies = self._link.decide(scripts.ADMIT, keys, asked, spends=True)
        if word == "phone":
            return refused_to_phone(request, *replies[0])
        if word == "all":
            return refused_to_all(wanted, *replies[0])
        return Admitted(reserved(wanted, *replies[0]), self._opened(request, *replies[1]))

    def _admit_in_turn(self, wanted: ReserveGlobal, request: OpenChallenge) -> Admitted | Refusal:
        refused = self._link.decide(scripts.ASK, self._of_opening(request), request_of(**pending_of(request)))
        if refused:
            return refused_to_phone(request, *refused)
        reservation = self.reserve(wanted)
        if isinstance(reservation, Refusal):
            return reservation
        opened: Opened | Refusal | None = None
        try:
            opened = self.open(request)
        finally:
            if not isinstance(opened, Opened):
                with suppress(StoreUnavailable):  # it stays spent, which is the safe side
                    self.adjust(reservation, 0, sent=False, free_client=True)
        return opened if isinstance(opened, Refusal) else Admitted(reservation, opened)

    def add(self, request: AddDelivery) -> None:
        keys = self._of(request.fingerprint, f"d:{request.of}", f"d:{request.delivery_id}")
        self._link.decide(scripts.ADD, keys, request_of(**pending_of(request)))

    def settle(self, settlement: Settlement, correction: Correction | None = None) -> bool:
        fingerprint, delivery_id = settlement.fingerprint, settlement.delivery_id
        settled, unfinished, *created_at = self._link.decide(
            scripts.SETTLE,
            self._of(fingerprint, f"d:{delivery_id}", "sends", f"c:{settlement.handle or ''}", "ids"),
            request_of(**{**vars(settlement), "delivery": DELIVERY.write(outcome(settlement)), "cost": None}),
            spends=True,
        )
        if unfinished:
            self._track(fingerprint, delivery_id, int(created_at[0]), settlement.now)
        if settled and correction:
            self.adjust(correction.reservation, correction.spent, sent=correction.sent)
        return bool(settled)

    def check(self, attempt: Attempt) -> Checked:
        limits = attempt.failure_limits
        status, *numbers = self._link.decide(
            scripts.CHECK,
            self._of(attempt.fingerprint, f"c:{attempt.handle}", "failures", f"wins:{attempt.purpose.template_type}"),
            "" if attempt.now is None else attempt.now,
            attempt.max_attempts,
            attempt.proof_id,
            attempt.proof_ttl_ms,
            devices.kept_failures(limits),
            memory_of(limits),
            *attempt.digests,
            spends=True,
        )
        if status == "verified":
            left, sends, delivery_id, now = numbers
            newest = VerifiedDelivery(attempt.fingerprint, delivery_id, now)
            return Checked(AttemptStatus.VERIFIED, left, sends, newest)
        left, failures = numbers or (0, "")
        return Checked(AttemptStatus(status), left, failures=failures)

    def redeem(self, handle: str, fingerprint: str, proof_id: str, now: int | None = None) -> bool:
        keys = self._of(fingerprint, f"c:{handle}")
        return bool(self._link.decide(scripts.REDEEM, keys, request_of(now=now, proof_id=proof_id), spends=True))

    # ------------------------------------------------------------------------------------------------ deliveries

    def record(
        self, fingerprint: str, delivery_id: str, report: DeliveryReport, now: int | None = None
    ) -> DeliveryRecord | None:
        request = request_of(now=now, id=report.id or None, status=report.status)
        fields = self._link.decide(scripts.RECORD, self._of(fingerprint, f"d:{delivery_id}", "ids"), request)
        record = delivery_of(fingerprint, delivery_id, dict(zip(fields[::2], fields[1::2], strict=True)))
        if record and record.gateway_id and not record.status.final:
            self._track(fingerprint, delivery_id, record.created_at_ms, now)
        return record

    def _track(self, fingerprint: str, delivery_id: str, created_at: int, now: int | None) -> None:
        """For :meth:`unfinished`. What was decided stands without it: callbacks tell of a delivery too."""
        request = request_of(now=now, created_at=created_at, member=f"{fingerprint}.{delivery_id}")
        with suppress(StoreUnavailable):
            self._link.decide(scripts.TRACK, self._shared("unfinished"), request)

    def _delivery(self, fingerprint: str, delivery_id: str) -> DeliveryRecord | None:
        (key,) = self._of(fingerprint, f"d:{delivery_id}")
        return delivery_of(fingerprint, delivery_id, self._link.read(("HGETALL", key))[0])

    def delivery(self, fingerprint: str, handle: str, now: int | None = None) -> DeliveryRecord | None:
        (challenge,) = self._of(fingerprint, f"c:{handle}")
        (newest,) = self._link.read(("HGET", challenge, "i"))
        return self._delivery(fingerprint, newest) if newest else None

    def known_ids(self, fingerprint: str, gateway: str) -> set[str]:
        (found,) = self._link.read(("HKEYS", *self._of(fingerprint, "ids")))
        return {name.removeprefix(f"{gateway} ") for name in found if name.startswith(f"{gateway} ")}

    def unfinished(self, limit: int, now: int | None = None) -> list[DeliveryRecord]:
        (index,) = self._shared("unfinished")
        moment = self._now(index) if now is None else now
        found: list[DeliveryRecord] = []
        over: list[str] = []
        for start in range(0, 10**9, _PAGE):
            page = ("ZRANGEBYSCORE", index, f"({moment - DELIVERY_MS}", "+inf", "LIMIT", start, _PAGE)
            (members,) = self._link.read(page)
            named = [member.split(".") for member in members]
            keys = [self._of(fingerprint, f"d:{delivery_id}")[0] for fingerprint, delivery_id in named]
            rows = self._link.read(*(("HGETALL", key) for key in keys)) if keys else []
            for member, (fingerprint, delivery_id), fields in zip(members, named, rows, strict=True):
                record = delivery_of(fingerprint, delivery_id, fields)
                if record is None or record.status.final:
                    over.append(member)
                else:
                    found.append(record)
            if len(members) < _PAGE or len(found) >= limit:
                break
        if over:
            self._link.once("ZREM", index, *over)
        return found[:limit]

    def history(
        self, since_ms: int, now: int | None = None, *, prefixes: int = 20, hours_since_ms: int | None = None
    ) -> History:
        """Deliveries are kept for a day here, so *since_ms* reaches no further back, but for the counts.

        They are in no order: every key of every server is gone through (SCAN), those of others too, and each delivery
        is fetched. That holds nobody up, and takes seconds for a hundred thousand. A delivery that is written
        meanwhile may be missed, and one may be counted twice while Redis makes its table larger or smaller.
        """
        total = Summary()
        asked = since_ms, hours_since_ms
        for summary in self._link.on_each_server(lambda server: summary_of(server, self.prefix, *asked)):
            total.merge(summary)
        return total.history(prefixes, self.counted(since_ms, now))

    def counted(self, since_ms: int, now: int | None = None) -> dict[str, dict[str, int]]:
        (stem,) = self._shared("count")
        days = [day_number(moment) for moment in (since_ms, self._now(stem) if now is None else now)]
        days[0] = max(days[0], days[1] - COUNT_MS // DAY_MS)
        numbers = range(days[0], days[1] + 1)
        found = self._link.read(*(("HGETALL", f"{stem}:{number}") for number in numbers)) if numbers else []
        return {
            day_of(number * DAY_MS): {name: int(count) for name, count in fields.items()}
            for number, fields in zip(numbers, found, strict=True)
            if fields
        }

    # --------------------------------------------------------------------------------------------------- the rest

    def release_thread(self) -> None:
        """Nothing is held for a thread."""

    def purge(self, keep_deliveries_ms: int, now: int | None = None) -> int:
        """Redis lets go of everything by itself, of deliveries after a day, so there is nothing to do and to count.

        Told another moment than its own, this drops what is over then: a site under a test's clock behaves alike.
        """
        if now is None:
            return 0
        return sum(self._link.on_each_server(lambda server: drop_over(server, self.prefix, keep_deliveries_ms, now)))

    def risks(self) -> frozenset[str]:
        """What could lose counters, of ``eviction`` (any ``maxmemory-policy`` but ``noeviction``) and ``no-aof``.

        :raises StoreUnavailable: when the server does not answer.
        """
        found = set()
        for facts in self._link.on_each_server(lambda server: {**server.info("memory"), **server.info("persistence")}):
            if facts.get("maxmemory_policy", "noeviction") != "noeviction":
                found.add("eviction")
            if not facts.get("aof_enabled", 1):
                found.add("no-aof")
        return frozenset(found)
