"""The extension, made once and given its app in ``create_app``."""

from flask_uzotp import UzOTP

uzotp = UzOTP()
