"""The providers' own samples, as their pages print them (V: socgrow's page, M: sms-man's).

socgrow's are indented with no-break spaces, which are no JSON (Q63): plain ones stand here.
"""

from __future__ import annotations

# ---------------------------------------------------------------------------------------------------------- socgrow

# V:16-22
SOCGROW_BALANCE = b"""{
    "success": true,
    "result": {
        "balance": 50000.5,
        "currency": "UZS"
    }
}"""

# V:28-44; the flags of the names are as damaged as they are printed (Q62)
SOCGROW_COUNTRIES = """{
    "success": true,
    "countries": [
        {
            "country_code": "uz",
            "country_name": "Uzbekistan \u03c0\u0178\u2021\u038a\u03c0\u0178\u2021\u038f",
            "qty": 6450,
            "price_uzs": 11780
        },
        {
            "country_code": "ru",
            "country_name": "Russia \u03c0\u0178\u2021\u00b7\u03c0\u0178\u2021\u038a",
            "qty": 2840,
            "price_uzs": 9430
        }
    ]
}""".encode()

# V:53-58
SOCGROW_RENTED = b"""{
    "success": true,
    "phone": "+998901234567",
    "price": 11780.00,
    "order_id": "SMSc3f5a2d1"
}"""

# V:62-68
SOCGROW_SMS = b"""{
    "success": true,
    "status": "ok",
    "sms": "29399",
    "from": "SENDER",
    "time": "2026-05-12 14:30:25"
}"""

# V:71-74
SOCGROW_WAITING = b"""{
    "success": false,
    "error": "SMS hali kelmadi"
}"""

# V:104-109
SOCGROW_ERRORS = {
    "invalid_key": "API kaliti noto'g'ri",
    "insufficient_balance": "Balans yetarli emas",
    "order_not_found": "Buyurtma topilmadi",
    "invalid_country": "Davlat kodi noto'g'ri",
    "no_numbers_available": "Raqamlar mavjud emas",
    "sms_not_received": "SMS hali kelmagan",
}

# ---------------------------------------------------------------------------------------------------------- sms-man

# M:24
SMSMAN_BALANCE = b'{"balance":"799.70"}'

# M:28, M:161
SMSMAN_WRONG_TOKEN = b'{"success":false,"error_code":"wrong_token","error_msg": "Wrong token!"}'

# M:45
SMSMAN_LIMITS = (
    b'[{"application_id":"1","country_id":"1","numbers":"32302"},'
    b'{"application_id":"1","country_id":"2","numbers":"3494"}]'
)

# M:49, M:71, M:127
SMSMAN_WRONG_TOKEN_OBJECT = b'{"success":false,"error_code":"wrong_token","error_msg": {"token": "Wrong token!"}}'

# M:67
SMSMAN_RENTED = b'{"request_id":1,"country_id":1,"application_id":1,"number":"79002415539"}'

# M:85
SMSMAN_SMS = b'{"request_id":1,"country_id":1,"application_id":1,"number":"79002415539", "sms_code": "1243"}'

# M:89
SMSMAN_WAITING = (
    b'{"request_id":1,"country_id":1,"application_id":1,"number":"79002415539", '
    b'"error_code": "wait_sms", "error_msg": "Still waiting..."}'
)

# M:104
SMSMAN_STATUS_SET = b'{"request_id": 1, "success": true}'

# M:108, two objects glued together (Q72)
SMSMAN_STATUS_ERRORS = (
    b'{"success":false,"error_code":"wrong_token","error_msg": "Wrong token!"}'
    b'{"success":false,"error_code":"wrong_status","error_msg": "Status $status does not exists"}'
)

# M:123, which lacks its last brace (Q72)
SMSMAN_PRICES_AS_PRINTED = (
    b'{"0":{"1":{"cost":"15","count":6455},"2":{"cost":"50","count":124}}, "1":{"3":{"cost":"6","count":1000}}'
)
SMSMAN_PRICES = SMSMAN_PRICES_AS_PRINTED + b"}"

# M:140, not JSON (Q70)
SMSMAN_COUNTRIES = b"""[{'id':0,'title':"Russia"}, {'id':3,'title':"China"}]"""

# M:157, not JSON (Q70)
SMSMAN_APPLICATIONS = (
    b"""[{'id':'1','name':"Vkontakte", "code":"vk"}, {'id':'2','name':"WeChat", "code": "wb"}, """
    b"""{'id':'3','name':"Telegram", "code":"tg"}]"""
)
