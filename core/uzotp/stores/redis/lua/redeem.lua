-- Consume a proof. KEYS: proof.

local expires_at = tonumber(redis.call('GET', KEYS[1]) or 0)
redis.call('DEL', KEYS[1])
return expires_at > now and 1 or 0
