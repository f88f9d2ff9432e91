"""The sandbox, each of whose gateways takes its time: ``python slow_sandbox.py PORT SECONDS``.

The work is done when the time is over, as by a gateway that is busy; the inbox answers at once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

from werkzeug.serving import make_server

from uzotp.sandbox import State, create_app
from uzotp.sandbox.server import Handler


def main(port: int, seconds: float) -> None:
    app = create_app(State(balance=10**9))
    answer = app.wsgi_app

    def late(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/api/"):
            time.sleep(seconds)
        return answer(environ, start_response)

    app.wsgi_app = late  # type: ignore[method-assign]
    make_server("127.0.0.1", port, app, threaded=True, request_handler=Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
