-- KEYS: switches. A switch alone never expires: a person clears it.

return redis.call('HSETNX', KEYS[1], request.name, moment(now) .. request.note)
