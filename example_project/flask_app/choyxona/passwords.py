"""What a password has to be (NIST SP 800-63B-4 3.1.1.2: long enough, and no rules about its characters)."""

from flask_babel import gettext as _

MIN_LENGTH = 8
MAX_LENGTH = 128


def problem_with(password: str) -> str:
    """What is wrong with *password*, or nothing."""
    if len(password) < MIN_LENGTH:
        return _("A password has at least %(least)s characters.", least=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        return _("A password has at most %(most)s characters.", most=MAX_LENGTH)
    return ""
