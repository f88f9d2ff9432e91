"""Phone verification by SMS code for Flask.

::

    from flask_uzotp import UzOTP, blueprint

    uzotp = UzOTP(app)                                     # or uzotp = UzOTP(); uzotp.init_app(app)
    app.register_blueprint(blueprint, url_prefix="/otp")   # the pages and the JSON endpoints
"""

from __future__ import annotations

from flask_uzotp.blueprint import blueprint
from flask_uzotp.extension import UzOTP
from uzotp._lazy import moved

__all__ = ["UzOTP", "blueprint"]

moved("flask_uzotp.security", "flask_uzotp.contrib.security")
