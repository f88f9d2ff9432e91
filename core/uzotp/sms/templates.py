"""devsms's approved templates, and its rule for the service name that stands in them."""

from __future__ import annotations

import unicodedata

from uzotp.errors import InvalidServiceName
from uzotp.policy import Purpose
from uzotp.sms.parts import describe, is_apostrophe

#: devsms's approved templates, exactly as printed (D:73-76); the brand "MyService" may differ in
#: what people receive (WIRE Q25), so nothing may match on a whole text.
TEMPLATES = {
    Purpose.OPERATION: "MyService tizimi: {service_name} xizmatida amaliyotni tasdiqlash kodi: {otp_code}",
    Purpose.PASSWORD_RESET: (
        "MyService tizimi: {service_name} xizmatida parolni tiklash uchun tasdiqlash kodi: {otp_code}"
    ),
    Purpose.REGISTRATION: (
        "MyService tizimi: {service_name} xizmatiga ro'yxatdan o'tish uchun tasdiqlash kodi: {otp_code}"
    ),
    Purpose.LOGIN: "MyService tizimi: {service_name} xizmatiga kirish uchun tasdiqlash kodi: {otp_code}",
}


_PUNCTUATION = " .-"


def check_service_name(name: object) -> str:
    """The name, if devsms would take it: 2-50 letters, digits, spaces, dots, hyphens (D:70).

    Letters are any script's (a Cyrillic name is fine but doubles the price, see :func:`parts`); digits are 0-9;
    no kind of apostrophe passes, U+02BB and U+A78C included, though Unicode calls them letters (WIRE Q26).

    :raises InvalidServiceName: naming the guilty character and its place. A rejected name costs money at devsms.
    """
    if not isinstance(name, str):
        raise InvalidServiceName("SERVICE_NAME is text: the name people know your service by")
    for position, char in enumerate(name, 1):
        letter = unicodedata.category(char) in ("Lu", "Ll", "Lo", "Lt") and not is_apostrophe(char)
        if letter or char in _PUNCTUATION or char in "0123456789":
            continue
        hint = "; write Uzbek o' and g' as plain o and g" if is_apostrophe(char) else ""
        raise InvalidServiceName(
            f"SERVICE_NAME: {describe(char)} at position {position} is not allowed: "
            f"letters, digits, spaces, dots and hyphens are{hint}",
            char,
            position,
        )
    if not 2 <= len(name) <= 50:
        raise InvalidServiceName(f"SERVICE_NAME has {len(name)} characters; devsms takes 2 to 50")
    if not any(char.isalnum() for char in name):
        raise InvalidServiceName("SERVICE_NAME has no letter and no digit: moderation would reject it, and charge")
    if name != name.strip():
        raise InvalidServiceName("SERVICE_NAME begins or ends with a space", " ", 1 if name[0] == " " else len(name))
    return name


def template_text(purpose: Purpose, service_name: str, code: str) -> str:
    """The text that devsms's approved template makes of this: for counting parts, and for the sandbox."""
    return TEMPLATES[purpose].format(service_name=service_name, otp_code=code)
