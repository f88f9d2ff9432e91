"""The sandbox's application for a server that keeps connections: ``gunicorn benchmarks.figures.sandbox_app:app``.

The sandbox's own server, Werkzeug's, closes each connection after its reply; devsms, behind nginx or Apache, does not.
"""

from __future__ import annotations

from uzotp.sandbox import State
from uzotp.sandbox.app import create_app

app = create_app(State(balance=10**9))
