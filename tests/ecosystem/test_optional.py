"""Packages that only some projects have are loaded by those projects alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django")
pytest.importorskip("flask")

OPTIONAL = [
    "rest_framework", "drf_spectacular", "phonenumber_field", "flask_security", "allauth", "django_otp", "two_factor",
]  # fmt: skip
SCRIPT = f"""
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.django_app.settings"
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
import django_uzotp.forms, django_uzotp.helpers, django_uzotp.urls
import flask, flask_uzotp
app = flask.Flask("a site")
app.config.update(SECRET_KEY="k" * 40, UZOTP_DEVSMS_TOKEN="t", UZOTP_SERVICE_NAME="TechShop")
flask_uzotp.UzOTP(app)
app.register_blueprint(flask_uzotp.blueprint)
print("loaded:", [name for name in {OPTIONAL} if name in sys.modules])
"""


def test_no_optional_package_is_loaded_unasked() -> None:
    root = Path(__file__).parents[2]
    path = [str(root), str(root / "core"), *sys.path]
    code = f"import sys; sys.path[:0] = {path!r}\n{SCRIPT}"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert ran.stdout == "loaded: []\n", ran.stderr
