"""What schemathesis cannot know by itself: which texts are phone numbers, and which tokens are of this site.

A token that it makes up is well-formed and yet not genuine. So a request that is meant to be accepted gets a genuine
one. Those that come by the document's links are left alone, and so is whatever is meant to be refused.
"""

from __future__ import annotations

import os
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st

from tests.schemathesis.served import CODE, PREPARES, TEST_NUMBERS

ADDRESS, CALLBACK, *CHALLENGES = os.environ["UZOTP_SERVED"].split()

schemathesis.openapi.format(
    "phone", st.sampled_from(TEST_NUMBERS) | st.from_regex(r"\+?99890[1-9][0-9]{6}", fullmatch=True)
)


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    body: Any = case.body
    number = len(repr(body))
    if "token" in case.path_parameters and number % 2:
        case.path_parameters["token"] = CALLBACK
    if not isinstance(body, dict) or "challenge" not in body:
        return
    linked = case.meta.phase.name.value == "stateful" and str(body["challenge"]).startswith(CHALLENGES[0][:20])
    if not linked:
        body["challenge"] = CHALLENGES[number % len(CHALLENGES)]
        _revive(body["challenge"])
    if "code" in body and (number % 2 or not linked):
        body["code"] = CODE


def _revive(challenge: str) -> None:
    """Used or outlived, it is pending again, unless a quota forbids."""
    requests.post(f"{ADDRESS}/resend", json={"challenge": challenge}, headers={PREPARES: "1"}, timeout=10)
