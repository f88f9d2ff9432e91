"""Every event that can happen reaches Django's signals and Flask's."""

from __future__ import annotations

from types import ModuleType

import pytest

from uzotp import events

EVENTS = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, events.Event)]


@pytest.mark.parametrize("name", ["django_uzotp.signals", "flask_uzotp.signals"])
def test_every_event_has_a_signal_of_its_own(name: str) -> None:
    signals: ModuleType = pytest.importorskip(name, exc_type=ImportError)
    assert set(signals._SIGNALS) == set(EVENTS) - {events.Event}
    assert len({id(signal) for signal in signals._SIGNALS.values()}) == len(EVENTS) - 1
