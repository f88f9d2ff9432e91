"""The example Flask site as in production: its accounts in PostgreSQL. uzotp's ``STORE`` comes from the environment."""

import os
from urllib.parse import urlsplit

from choyxona import create_app

_where = urlsplit(os.environ["LOAD_DATABASE"])
application = create_app({"DATABASE_URL": _where._replace(scheme="postgresql+psycopg").geturl()})
