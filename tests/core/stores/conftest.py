"""Failures inside the shipped contract are to be as readable as those in a test file."""

import pytest

for _module in ("attempts", "deliveries", "races", "requests", "sends"):
    pytest.register_assert_rewrite(f"uzotp.testing.store_contract.{_module}")
