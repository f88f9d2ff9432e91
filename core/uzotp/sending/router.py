"""Several gateways as one: who is tried next and for how long, and one try of one of them (P7)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature

from uzotp.errors import (
    ConfigurationError,
    GatewayError,
    GatewayUnavailable,
    MessageRejected,
    OutcomeUnknown,
    ServiceNameRejected,
)
from uzotp.events import logger
from uzotp.phones import Phone
from uzotp.policy import Failover
from uzotp.ports.gateway import Gateway, Message, Receipt
from uzotp.sending.breaker import REST, TRIP_AFTER, Breaker
from uzotp.sending.receipts import fitting, look

_HOME = "UZ"
#: A try gets no less than this share of a deadline.
_LEAST = 0.05
#: These say that the gateway is alive: the message or the name was wrong, not the service.
_ALIVE = (MessageRejected, ServiceNameRejected)


class Deadline:
    """What is left of one send's time, in seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._least = seconds * _LEAST

    def left(self, share: float = 1.0) -> float:
        """A *share* of what is left, and never so little that nobody could answer in it."""
        return max(self._least, (self._end - self._clock()) * share)

    @property
    def passed(self) -> bool:
        """Whether too little is left for one more try: a message cut off half-way may or may not leave."""
        return self._end - self._clock() < self._least


@dataclass
class Plan:
    """Yields the gateways to try, one after another, and is told by :meth:`Router.try_one` what became of each try.

    After a certain refusal the next one is tried; after an outcome that nobody knows only if *repeats*. A gateway to
    which *objection* has something to say is left out, and so is one that keeps failing, if there is another way.
    """

    #: The gateway of this try and those that may come after it.
    rest: Sequence[Gateway]
    breakers: Mapping[str, Breaker]
    deadline: Deadline
    repeats: bool
    objection: Callable[[Gateway], object]
    #: The first outcome that nobody knows, and the last certain refusal.
    unknown: GatewayError | None = None
    refusal: GatewayError | None = None

    def __iter__(self) -> Iterator[Gateway]:
        gateways = self.rest
        for index, gateway in enumerate(gateways):
            self.rest = gateways[index:]
            if self.deadline.passed or (self.unknown is not None and not self.repeats):
                return
            if self.objection(gateway):  # learned since the plan was made
                continue
            if self.breakers[gateway.name].allows() or not (len(self.rest) > 1 or self.unknown):
                yield gateway


class Router:
    """Gateways in the order of use; itself a :class:`~uzotp.ports.gateway.Gateway`.

    Given to a ``Verifier``, each copy that may leave has its own delivery and its own reservation. Used alone,
    :meth:`send` keeps no books.

    :param failover_on_unknown: what becomes of a message that may or may not have left: ``home`` sends Uzbek numbers
        the same text by the next gateway, ``always`` every number, ``never`` none. ``None`` leaves it to the
        ``Verifier``'s policy (``home`` by default).
    :raises ConfigurationError: for no gateway, two of one name, or another word.
    """

    def __init__(self, gateways: Iterable[Gateway], *, failover_on_unknown: str | None = None) -> None:
        self.gateways = tuple(gateways)
        names = [gateway.name for gateway in self.gateways]
        if not names or len(set(names)) != len(names):
            raise ConfigurationError("a Router takes one gateway at least, each of another name")
        #: The first gateway's name: what a send is called after before anybody knows who takes it.
        self.name = names[0]
        told = failover_on_unknown
        self.failover_on_unknown = None if told is None else Failover.of("FAILOVER_ON_UNKNOWN", told)
        self.breakers = {name: Breaker() for name in names}
        #: Those whose ``send`` takes a *timeout*; one of somebody else's may keep its time by itself.
        self._timed = frozenset(gateway.name for gateway in self.gateways if takes_timeout(gateway.send))

    def __repr__(self) -> str:
        return f"<Router {' > '.join(gateway.name for gateway in self.gateways)}>"

    def plan(
        self,
        phone: Phone,
        seconds: float,
        *,
        avoid: str = "",
        failover: str = Failover.HOME,
        objection: Callable[[Gateway], object] = lambda gateway: None,
    ) -> Plan:
        """The way of a message to *phone*. After one by *avoid* that nobody confirmed, that gateway comes last;
        *failover* rules where this router was told nothing."""
        at = next((index for index, gateway in enumerate(self.gateways) if gateway.name == avoid), -1)
        in_turn = self.gateways[at + 1 :] + self.gateways[: at + 1]
        gateways = [gateway for gateway in in_turn if not objection(gateway)]
        mode = self.failover_on_unknown or failover
        repeats = mode == Failover.ALWAYS or (mode == Failover.HOME and phone.country == _HOME)
        return Plan(gateways, self.breakers, Deadline(seconds), repeats, objection)

    def send(self, message: Message, *, timeout: float | None = 10.0) -> Receipt:
        """Send *message* by the first gateway that takes it, in *timeout* seconds altogether.

        :raises OutcomeUnknown: it may have left. :raises GatewayError: the last one's refusal; nothing was sent.
        """
        plan = self.plan(message.phone, timeout or 10.0)
        for gateway in plan:
            outcome = self.try_one(gateway, message, plan)
            if isinstance(outcome, Receipt):
                return outcome
        left_out = GatewayUnavailable(self.name, "every gateway is left out", retryable=True)
        problem = plan.unknown or plan.refusal or left_out
        problem.__cause__ = problem.__context__ = None
        raise problem.with_traceback(None)

    def try_one(
        self, gateway: Gateway, message: Message, plan: Plan, known: Callable[[], Iterable[str]] = set
    ) -> Receipt | GatewayError:
        """Hand *message* to *gateway*, and look for it when its fate is unknown: half of the time for the first, half
        of the rest for the second, where something can still come after. *plan* is told the outcome.

        *known* asks which of the gateway's ids other deliveries have.
        """
        deadline, asks, more = plan.deadline, getattr(gateway, "history", None) is not None, len(plan.rest) > 1
        outcome = self._hand_over(gateway, message, deadline.left(0.5 if more or asks else 1.0))
        if not isinstance(outcome, Receipt) and outcome.sent is not False and not deadline.passed:
            outcome = look(gateway, message, deadline.left(0.5 if more else 1.0), known) or outcome
        if isinstance(outcome, Receipt):
            return outcome
        if outcome.sent is False:
            plan.refusal = outcome
        else:
            plan.unknown = plan.unknown or outcome
        return outcome

    def _hand_over(self, gateway: Gateway, message: Message, timeout: float) -> Receipt | GatewayError:
        """One call of *gateway*. Its error is returned, for the outcome to be written down first."""
        options = {"timeout": timeout} if gateway.name in self._timed else {}
        outcome: Receipt | GatewayError
        try:
            outcome = gateway.send(message, **options)
            if isinstance(outcome, Receipt):
                outcome = fitting(outcome)
            else:  # of somebody else's gateway that breaks its promise, as below: the message may have left
                outcome = OutcomeUnknown(gateway.name, f"answered with a {type(outcome).__name__}")
        except GatewayError as error:
            outcome = error
        except Exception as error:
            outcome = OutcomeUnknown(gateway.name, f"raised {type(error).__name__}")
        if self.breakers[gateway.name].note(isinstance(outcome, (Receipt, *_ALIVE))):
            logger.warning("%s failed %d times in a row: left out for %.0f s", gateway.name, TRIP_AFTER, REST)
        return outcome


def takes_timeout(call: Callable[..., object]) -> bool:
    """Whether *call*, of a gateway, can be told how long it has."""
    try:
        parameters = signature(call).parameters.values()
    except (TypeError, ValueError):  # written in C, and silent about it
        return False
    return any(parameter.name == "timeout" or parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
