"""A run of the machine on one store: few and always the same examples, or many and new ones.

``MACHINE_EXAMPLES`` asks for so many random examples on each store, of ``MACHINE_STEPS`` steps at most, and prints what
was run. A failure prints its steps.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from tests.core.stores.machine.arena import Arena
from tests.core.stores.machine.machine import Machine
from tests.core.stores.machine.planted import Bug

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "0"))
STEPS = int(os.environ.get("MACHINE_STEPS", "40"))
#: A planted bug must be found in as many examples.
ENOUGH = 200

Record = Callable[[str, object], None]


def _play(arena: Arena, examples: int, phases: list[Phase], *, random: bool = False) -> None:
    """:raises AssertionError: a step's answer is not the oracle's."""

    class Played(Machine):
        pass

    Played.arena = arena
    how = settings(
        max_examples=examples, stateful_step_count=STEPS, phases=phases, derandomize=not random, database=None,
        deadline=None, report_multiple_bugs=False, print_blob=False, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Played, settings=how)


def run(arena: Arena, examples: int, request: pytest.FixtureRequest, record: Record) -> None:
    """So many examples, or as many as ``MACHINE_EXAMPLES`` says: no answer is another than the oracle's."""
    examples = EXAMPLES or examples
    try:
        _play(arena, examples, [Phase.generate, Phase.shrink], random=bool(EXAMPLES))
    finally:
        record("state machine", arena.told())
        if EXAMPLES:
            with request.getfixturevalue("capsys").disabled():
                print(f"\n{request.node.name}: {arena.told()}")
    assert arena.examples >= examples


def must_find(arena: Arena, bug: Bug, patch: pytest.MonkeyPatch, record: Record) -> None:
    """Plant *bug* in the store: the machine must find it. In a race it may not be found twice, and is no less a bug."""
    with patch.context() as patched:
        bug.plant(patched, arena.store)
        with pytest.raises((AssertionError, Flaky)):
            _play(arena, ENOUGH, [Phase.generate])
    assert arena.found, "what it stumbled over was something else"
    assert "StoreUnavailable" not in arena.found[0], "what was planted does not even run"
    found = f"{bug}: {arena.found[0]} (example {arena.examples}, {arena.steps.total()} steps)"
    record("found", found)
    print(found)
