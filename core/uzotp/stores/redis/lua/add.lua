-- A pending delivery more, created when the one it is a copy of was. KEYS: that one, the new one.

pending(KEYS[2], request, tonumber(redis.call('HGET', KEYS[1], 'created_at') or now))
return 1
