"""Modules that went to another place: their names are found at the old one, which says where they are now."""

from __future__ import annotations

import sys
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
    ("flask_uzotp.security", "flask_uzotp.contrib.security", "PhoneUtil SaysWhy Sender"),
]


@pytest.mark.parametrize(("old", "new", "names"), MOVED, ids=[each[0] for each in MOVED])
def test_an_old_path_warns_and_leads_to_the_same_objects(old: str, new: str, names: str) -> None:
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match=" is now ") as said:  # its package's too, where that is not known yet
        module = import_module(old)
    assert f"{old} is now {new}" in [str(warning.message) for warning in said]
    for name in names.split():
        assert getattr(module, name) is getattr(import_module(new), name)
