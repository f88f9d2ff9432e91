"""What every store promises, as a test class to inherit.

::

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self, tmp_path):
            return MyStore(tmp_path / "db")

        def reopen(self, store):
            return MyStore(store.path)

        def corrupt(self, store, handle, attempts): ...

Time is injected: every request carries its ``now``. ``RACE_ROUNDS`` (5) says how often each race is run.
"""

from __future__ import annotations

from uzotp.testing.store_contract.admissions import AdmissionTests
from uzotp.testing.store_contract.attempts import AttemptTests
from uzotp.testing.store_contract.deliveries import DeliveryTests
from uzotp.testing.store_contract.devices import DeviceTests
from uzotp.testing.store_contract.money import MoneyTests
from uzotp.testing.store_contract.past import PastTests
from uzotp.testing.store_contract.pumping import PumpingTests
from uzotp.testing.store_contract.races import RaceTests
from uzotp.testing.store_contract.sends import SendTests
from uzotp.testing.store_contract.support import SupportTests

__all__ = ["StoreContract"]


class StoreContract(
    SendTests,
    AdmissionTests,
    AttemptTests,
    DeviceTests,
    DeliveryTests,
    MoneyTests,
    PumpingTests,
    PastTests,
    SupportTests,
    RaceTests,
):
    """Inherit this, give it a fixture ``store`` (an empty one) and the hooks of ``Hooks``."""
