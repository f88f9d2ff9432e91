"""The replies that the pages of getsms, socgrow and sms-man print, as JSON, and how a reply is held against one.

Comments, commas and single quotes that no JSON parser takes are mended (WIRE Q55, Q63, Q70, Q72); nothing else is.
"""

from __future__ import annotations

import json
from typing import Any


def shape(value: Any) -> Any:
    """The keys and JSON types of *value*. Of an array only the kinds of items count, not how many there are."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        kinds: list[Any] = []
        for item in map(shape, value):
            if item not in kinds:
                kinds.append(item)
        return kinds
    return type(value)


GETSMS_SENT = json.loads("""[{
  "recipient": 998971234567, "text": "тестовое смс 1", "user_id": 1, "date_received": 1499493672,
  "message_id": 16854781, "request_id": 52480252, "client_ip": "185.8.212.184"
}]""")  # G:71-80

GETSMS_BAD_PHONE = json.loads("""[{
  "error": 1, "error_text": "is NOT a phone number", "error_no": 300, "recipient": "+998901234567", "text": "text1",
  "user_id": 1, "date_received": 1499493758, "message_id": 20766930, "request_id": 76181024,
  "client_ip": "185.8.212.184"
}]""")  # G:86-99

GETSMS_STATUS = json.loads("""[{
  "recipient": "998901234567", "text": "Ваш текст смс", "user_id": "1", "date_received": "2018-07-08 10:40:34",
  "date_sent": "2018-07-08 10:40:34", "date_delivered": "2018-07-08 10:40:52", "message_id": "38457358",
  "request_id": "93786401", "status": "delivered", "count_messages": "1", "client_ip": "185.8.212.184",
  "description": "OK"
}]""")  # G:130-146

GETSMS_101 = json.loads('[{"error":1,"text":"Incorrect Login or Password","error_no":101}]')  # G:166-172

#: The list of errors (G:176-227).
GETSMS_ERRORS = {
    100: "Login or Password is NULL",
    103: "Limit is over",
    200: "Array is not a JSON",
    201: "Array is invalid",
    203: "Incorrect nickname",
    400: "request_id is wrong",
}

SOCGROW_BALANCE = json.loads('{"success": true, "result": {"balance": 50000.5, "currency": "UZS"}}')  # V:16-22
SOCGROW_COUNTRIES = json.loads("""{"success": true, "countries": [
  {"country_code": "uz", "country_name": "Uzbekistan", "qty": 6450, "price_uzs": 11780},
  {"country_code": "ru", "country_name": "Russia", "qty": 2840, "price_uzs": 9430}
]}""")  # V:28-44
SOCGROW_NUMBER = json.loads(
    '{"success": true, "phone": "+998901234567", "price": 11780.00, "order_id": "SMSc3f5a2d1"}'
)  # V:53-58
SOCGROW_SMS = json.loads(
    '{"success": true, "status": "ok", "sms": "29399", "from": "SENDER", "time": "2026-05-12 14:30:25"}'
)  # V:62-68
SOCGROW_WAITING = json.loads('{"success": false, "error": "SMS hali kelmadi"}')  # V:71-74

SMSMAN_BALANCE = json.loads('{"balance":"799.70"}')  # M:24
SMSMAN_LIMITS = json.loads("""[{"application_id":"1","country_id":"1","numbers":"32302"},
  {"application_id":"1","country_id":"2","numbers":"3494"}]""")  # M:45
SMSMAN_NUMBER = json.loads('{"request_id":1,"country_id":1,"application_id":1,"number":"79002415539"}')  # M:67
SMSMAN_SMS = json.loads(
    '{"request_id":1,"country_id":1,"application_id":1,"number":"79002415539", "sms_code": "1243"}'
)  # M:85
SMSMAN_WAITING = json.loads("""{"request_id":1,"country_id":1,"application_id":1,"number":"79002415539",
  "error_code": "wait_sms", "error_msg": "Still waiting..."}""")  # M:89
SMSMAN_STATUS = json.loads('{"request_id": 1, "success": true}')  # M:104
SMSMAN_PRICES = json.loads("""{"0":{"1":{"cost":"15","count":6455},"2":{"cost":"50","count":124}},
  "1":{"3":{"cost":"6","count":1000}}}""")  # M:123
SMSMAN_COUNTRIES = json.loads('[{"id":0,"title":"Russia"}, {"id":3,"title":"China"}]')  # M:140
SMSMAN_APPLICATIONS = json.loads("""[{"id":"1","name":"Vkontakte", "code":"vk"},
  {"id":"2","name":"WeChat", "code": "wb"}, {"id":"3","name":"Telegram", "code":"tg"}]""")  # M:157
SMSMAN_WRONG_TOKEN = json.loads('{"success":false,"error_code":"wrong_token","error_msg": "Wrong token!"}')  # M:28
SMSMAN_WRONG_TOKEN_OBJECT = json.loads(
    '{"success":false,"error_code":"wrong_token","error_msg": {"token": "Wrong token!"}}'
)  # M:49
