"""A local stand-in for the SMS services, with an inbox page: no account, no token, no money.

::

    from uzotp.sandbox import running

    with running() as sandbox:                      # on a port of the system's choice
        gateway = DevSMS("any token", "TechShop", base_url=f"{sandbox.url}/api")
        ...
        sandbox.state.fail("devsms", "timeout")     # the next send gets no answer
        sandbox.state.messages("998901234567")[0].code

``uzotp sandbox`` calls :func:`serve`. It speaks devsms.uz at ``/api/…``, getsms.uz at ``/smsgateway/``, socgrow.uz at
``/sms/v2`` and sms-man.com at ``/control/…``; numbers rented from the last two receive what the first two send to them.
The inbox is at ``/`` and ``/inbox.json``, and what the services shall do at ``/panel`` and ``/panel.json``.
"""

from __future__ import annotations

try:
    import flask  # noqa: F401
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError("the sandbox needs Flask: pip install 'uzotp[sandbox]'", name="flask") from missing

from uzotp.sandbox.app import create_app
from uzotp.sandbox.server import Running, running, serve
from uzotp.sandbox.state import State

__all__ = ["Running", "State", "create_app", "running", "serve"]
