"""getsms's own samples, as its page prints them (G: the Uzbek page); loose brackets are put in their places (Q55)."""

from __future__ import annotations

# G:51-60
SEND_DATA = [{"phone": "998971234567", "text": " testli sms1"}, {"phone": "998971234567", "text": " testli sms 2"}]

# G:66-81
SENT = """[
{
  "recipient": 998971234567,
  "text": "тестовое смс 1",
  "user_id": 1,
  "date_received": 1499493672,
  "message_id": 16854781,
  "request_id": 52480252,
  "client_ip": "185.8.212.184"
}
]""".encode()

# G:86-99
BAD_PHONE = b"""[
  {
    "error": 1,
    "error_text": "is NOT a phone number",
    "error_no": 300,
    "recipient": "+998901234567",
    "text": "text1",
    "user_id": 1,
    "date_received": 1499493758,
    "message_id": 20766930,
    "request_id": 76181024,
    "client_ip": "185.8.212.184"
  }
]"""

# G:118-122; with the space in the key (Q43)
STATUS_DATA = [{"request_id ": "3853471"}]

# G:127-160
STATUS = """[
{
  "recipient": "998901234567",
  "text": "Ваш текст смс",
  "user_id": "1",
  "date_received": "2018-07-08 10:40:34",
    "date_sent": "2018-07-08 10:40:34",
    "date_delivered": "2018-07-08 10:40:52",
    "message_id": "38457358",
    "request_id": "93786401",
    "status": "delivered",
    "count_messages": "1",
    "client_ip": "185.8.212.184",
    "description": "OK"
  }, {
    "recipient": "998901234567",
    "text": "Ваш текст смс",
    "user_id": "1",
    "date_received": "2017-07-08 10:40:34",
    "date_sent": "2017-07-08 10:40:34",
    "date_delivered": "2017-07-08 10:40:42",
    "message_id": "12911573",
    "request_id": "93786401",
    "status": "delivered",
    "count_messages": "1",
    "client_ip": "185.8.212.184",
    "description": "OK"
  }
]""".encode()

# G:166-172; its text is under "text" (Q37)
WRONG_PASSWORD = b"""[
  {
    "error":1,"text":"Incorrect Login or Password","error_no":101
  }
]"""

# G:176-227, each an object that stands bare (Q38)
ERRORS = {
    100: b'{\n  "error": 1,\n  "error_text": "Login or Password is NULL",\n  "error_no": 100\n}',
    101: b'{\n  "error": 1,\n  "error_text": "Incorrect Login or Password",\n  "error_no": 101\n}',
    102: b'{\n  "error": 1,\n  "error_text": "Account blocked",\n  "error_no": 102\n}',
    103: b'{\n  "error": 1,\n  "error_text": "Limit is over",\n  "error_no": 103\n}',
    200: b'{\n  "error": 1,\n  "error_text": "Array is not a JSON",\n  "error_no": 200\n}',
    201: b'{\n  "error": 1,\n  "error_text": "Array is invalid",\n  "error_no": 201\n}',
    202: b'{\n  "error": 1,\n  "error_text": "Nickname didn\'t set",\n  "error_no": 202\n}',
    203: b'{\n  "error": 1,\n  "error_text": "Incorrect nickname",\n  "error_no": 203\n}',
    400: b'{\n  "error": 1,\n  "error_text": "request_id is wrong",\n  "error_no": 400\n}',
}
