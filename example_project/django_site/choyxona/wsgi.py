"""For a real server: ``gunicorn choyxona.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "choyxona.settings")
application = get_wsgi_application()
