"""Modules that went to another place: their names are found at the old one, which says where they are now."""

from __future__ import annotations

from importlib import import_module

import pytest

pytest.importorskip("allauth")
pytest.importorskip("drf_spectacular")
pytest.importorskip("flask_security")
pytest.importorskip("two_factor")

MOVED = [
    ("django_uzotp.allauth", "django_uzotp.contrib.allauth", "PhoneAdapter should_send VerifyPhoneForm"),
    ("django_uzotp.drf", "django_uzotp.contrib.drf", "HasProof PhoneField ProofField RedeemsProofs HEADER"),
    ("django_uzotp.drf.schema", "django_uzotp.contrib.drf.schema", "AutoSchema"),
    ("django_uzotp.two_factor", "django_uzotp.contrib.two_factor", "SMSGateway LoginView PhoneSetupView NotSent"),
    ("uzotp.gateways.http", "uzotp.http.service", "Answer Reply Service"),
    ("uzotp.storage", "uzotp.ports.store", "Store Attempt OpenChallenge"),
    ("flask_uzotp.security", "flask_uzotp.contrib.security", "PhoneUtil SaysWhy Sender"),
]


@pytest.mark.parametrize(("old", "new", "names"), MOVED, ids=[each[0] for each in MOVED])
def test_an_old_path_leads_to_the_same_objects_and_warns(old: str, new: str, names: str) -> None:
    module = import_module(old)
    for name in names.split():
        with pytest.warns(DeprecationWarning, match=f"^{old} is now {new}$") as said:
            found = getattr(module, name)
        assert found is getattr(import_module(new), name)
        assert [warning.filename for warning in said] == [__file__]


def test_what_is_not_there_either_is_no_attribute() -> None:
    module = import_module("django_uzotp.allauth")
    with pytest.warns(DeprecationWarning, match=" is now "), pytest.raises(AttributeError, match="NoSuchName"):
        module.NoSuchName  # noqa: B018
