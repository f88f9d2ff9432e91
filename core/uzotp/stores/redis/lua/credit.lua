-- So many sends were verified: the guard's other side. KEYS: prefix, country.

count(KEYS[1], now, 0, request.sends)
count(KEYS[2], now, 0, request.sends)
return 1
