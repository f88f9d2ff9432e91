-- Give a delivery its moment, if it is there. KEYS: delivery.

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'verified_at', whole(now))
return 1
