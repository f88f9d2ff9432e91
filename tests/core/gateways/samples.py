"""devsms's own samples, as its pages print them (D: the Uzbek page, R: the older Russian one)."""

from __future__ import annotations

# D:22-35
SENT = b"""{
"success": true,
"message": "SMS muvaffaqiyatli yuborildi",
"data": {
"sms_id": 123,
"request_id": "uuid-here",
"status": "sent",
"parts_count": 1,
"total_cost": 50,
"balance": 950,
"type": "eskiz"
}
}"""

# D:36-51
SENT_ABROAD = b"""{
"success": true,
"message": "SMS muvaffaqiyatli yuborildi",
"data": {
"sms_id": 124,
"request_id": "uuid-here",
"status": "sent",
"parts_count": 1,
"total_cost": 112,
"balance": 838,
"type": "eskiz",
"country": "United States",
"country_code": "us"
}
}"""

# R:20-31
SENT_OLD = b"""{
"success": true,
"message": "SMS muvaffaqiyatli yuborildi",
"data": {
"sms_id": 123,
"request_id": "uuid-here",
"status": "waiting",
"parts_count": 1,
"total_cost": 50,
"balance": 950
}
}"""

# D:57-63
OTP_REQUEST = {
    "phone": "998901234567",
    "type": "universal_otp",
    "template_type": 1,
    "service_name": "TechShop",
    "otp_code": "5678",
}

# D:77-90
OTP_SENT = b"""{
"success": true,
"message": "SMS muvaffaqiyatli yuborildi",
"data": {
"sms_id": 456,
"request_id": "uuid-here",
"status": "sent",
"parts_count": 1,
"total_cost": 50,
"balance": 950,
"type": "universal_otp"
}
}"""

# D:91-95
BLOCKED = """{
"success": false,
"error": "Korxona nomi nomaqbul deb topildi: ... SMS yuborilmadi, lekin to'lov yechildi."
}"""

# D:107-131
HISTORY = b"""{
"success": true,
"data": {
"history": [
{
"id": 123,
"phone_number": "998901234567",
"message": "Salom!",
"status": "delivered",
"parts_count": 1,
"total_cost": 50,
"from_number": "4546",
"eskiz_request_id": "uuid-here",
"eskiz_message_id": "msg-id",
"sent_at": "2026-03-09 10:30:00",
"delivered_at": "2026-03-09 10:30:05",
"failed_at": null,
"created_at": "2026-03-09 10:29:58"
}
],
"count": 1,
"limit": 10,
"offset": 0
}
}"""

# D:141-155
BALANCE = b"""{
"success": true,
"data": {
"balance": 1000,
"sms_price": 50,
"statistics": {
"total_sms": 100,
"total_spent": 5000,
"today_sms": 10,
"today_spent": 500,
"month_sms": 50,
"month_spent": 2500 }
}
}"""

# D:168-186
STATUS = b"""{
"success": true,
"data": {
"id": 123,
"phone_number": "998901234567",
"message": "Salom!",
"status": "delivered",
"parts_count": 1,
"total_cost": 50,
"from_number": "4546",
"eskiz_request_id": "uuid-here",
"eskiz_message_id": "msg-id",
"sent_at": "2026-03-09 10:30:00",
"delivered_at": "2026-03-09 10:30:05",
"failed_at": null,
"created_at": "2026-03-09 10:29:58",
"updated_at": "2026-03-09 10:30:05"
}
}"""

# D:191-200
CALLBACK = b"""{
"sms_id": 123,
"request_id": "uuid-here",
"phone": "998901234567",
"status": "delivered",
"sent_at": "2026-03-09 10:30:00",
"delivered_at": "2026-03-09 10:30:05",
"failed_at": null,
"timestamp": "2026-03-09 10:30:05"
}"""

# D:221-225
ERROR = b"""{
"success": false,
"error": "Xatolik xabari"
}"""
