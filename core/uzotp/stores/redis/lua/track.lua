-- Remember a delivery that a gateway took and that is not final, for a day. KEYS: unfinished.

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', whole(now - DELIVERY_MS))
redis.call('ZADD', KEYS[1], whole(request.created_at), request.member)
keep(KEYS[1], DELIVERY_MS)
return 1
