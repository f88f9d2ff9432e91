-- No device is known that had proved the phone until now. KEYS: devices.

redis.call('HSET', KEYS[1], 'revoked', whole(now))
keep(KEYS[1], DEVICE_MS)
return 1
