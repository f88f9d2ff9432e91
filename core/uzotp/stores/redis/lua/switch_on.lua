-- KEYS: switches. A switch alone never expires: a person clears it.

return redis.call('HSETNX', KEYS[1], request.name, string.format('%013.0f', now) .. request.note)
