"""Who comes to the site: people who sign up by the JSON endpoints, and visitors who look at another page all the while.

Each person begins a sign-up every ``LOAD_EVERY`` seconds, with a number never used before, and does not wait for the
others: a slow gateway does not slow down who arrives, until all ``LOAD_USERS`` are waiting. What the site answered is
written to ``LOAD_REPORT`` when the run ends.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import time
import urllib.request
from pathlib import Path
from typing import Any

from locust import FastHttpUser, events, task
from locust.env import Environment

SANDBOX = os.environ["LOAD_SANDBOX"]
#: Seconds from one sign-up of a person's to the next, and from one look of a visitor's to the next.
EVERY, LOOK_EVERY = float(os.environ["LOAD_EVERY"]), 1.0
#: Operators of Uzbekistan; the guard counts each number without its last four digits.
OPERATORS = (33, 88, 90, 91, 93, 94, 95, 97, 98, 99)
#: Seconds that a person waits for the message, looking again at longer and longer intervals.
PATIENCE, LOOKS = 30.0, (0.05, 0.2, 0.5, 1.0)

_numbers = itertools.count(random.randrange(10**7))


class Regular(FastHttpUser):
    """Comes back at equal intervals, each at a beat of its own.

    Locust's ``constant_pacing`` counts from when a user is made; many are made at once, and would go on coming at once.
    """

    abstract = True
    every: float

    def on_start(self) -> None:
        time.sleep(random.uniform(0, self.every))
        self._due = time.monotonic()

    def wait_time(self) -> float:
        """Seconds until the next time; who is late goes on at once."""
        now = time.monotonic()
        self._due = max(self._due + self.every, now)
        return self._due - now


class Person(Regular):
    """Signs up to the end: asks for a code, reads it from the sandbox's inbox, gives it back."""

    fixed_count = int(os.environ["LOAD_USERS"])
    every = EVERY

    @task
    def sign_up(self) -> None:
        phone = _new_phone()
        asked = time.monotonic()
        sent = self._ask("/otp/send", phone=phone, purpose="registration")
        if sent is None:
            return
        code = _read_code(phone)
        self.environment.events.request.fire(
            request_type="SMS",
            name="message",
            response_time=(time.monotonic() - asked) * 1000,
            response_length=0,
            exception=None if code else LookupError(f"no message in {PATIENCE:.0f} s"),
        )
        if code:
            self._ask("/otp/verify", challenge=sent["challenge"], code=code)

    def _ask(self, path: str, **body: str) -> dict[str, Any] | None:
        """The answer; ``None`` for an error, which is counted by its status and its code."""
        with self.client.post(path, json=body, catch_response=True) as response:
            if response.status_code in (200, 202):
                response.success()
                return dict(response.json())
            response.failure(f"{response.status_code} {_problem(response.text)}")
        return None


class Visitor(Regular):
    """Looks at the home page."""

    fixed_count = int(os.environ["LOAD_VISITORS"])
    every = LOOK_EVERY

    @task
    def look(self) -> None:
        self.client.get("/")


def _new_phone() -> str:
    """Neighbours have other operators; 7919 and ten million share no factor, so no number comes twice."""
    number = next(_numbers)
    return f"+998{OPERATORS[number % len(OPERATORS)]}{number * 7919 % 10**7:07}"


def _read_code(phone: str) -> str | None:
    """Not by Locust's client: the inbox is no page of the site."""
    until = time.monotonic() + PATIENCE
    for look in itertools.count():
        with urllib.request.urlopen(f"{SANDBOX}/inbox.json?phone={phone[1:]}", timeout=PATIENCE) as answer:
            messages = json.load(answer)["messages"]
        if messages:
            return str(messages[0]["code"])
        if time.monotonic() > until:
            break
        time.sleep(LOOKS[min(look, len(LOOKS) - 1)])
    return None


def _problem(text: str | None) -> str:
    try:
        return str(json.loads(text or "")["code"])
    except (ValueError, KeyError, TypeError):
        return "no answer" if not text else "not JSON"


@events.quitting.add_listener
def report(environment: Environment, **_kwargs: Any) -> None:
    """Locust's figures by request, times in milliseconds, and the errors by kind."""
    stats = environment.stats
    seconds = (stats.total.last_request_timestamp or 0) - stats.total.start_time
    found = {}
    for (name, _method), entry in stats.entries.items():
        found[name] = {
            "requests": entry.num_requests,
            "rate": entry.num_requests / seconds,
            "percentiles": {str(at): entry.get_response_time_percentile(at / 100) for at in (50, 95, 99)},
            "errors": {str(error.error): error.occurrences for error in stats.errors.values() if error.name == name},
        }
    Path(os.environ["LOAD_REPORT"]).write_text(json.dumps(found), "utf-8")
