"""The example Django site as in production: PostgreSQL, connections that stay open, no debugging."""

import os
from urllib.parse import unquote, urlsplit

from choyxona.settings import *  # noqa: F403

DEBUG = False
_where = urlsplit(os.environ["LOAD_DATABASE"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _where.path[1:],
        "USER": _where.username or "",
        "PASSWORD": unquote(_where.password or ""),
        "HOST": _where.hostname or "",
        "PORT": str(_where.port or ""),
        "CONN_MAX_AGE": 60,
    }
}
