-- Charge one attempt and compare it. KEYS: challenge, failures, wins, proof. The fields are told in open.lua.

local found = redis.call('HMGET', KEYS[1], 'd', 'e', 'a', 's', 'u', 'w')
local wins = text(KEYS[3])
if not found[1] or found[5] ~= '0' or found[6] ~= wins or now >= tonumber(found[2]) then
  return {'expired'}
end
local attempts = tonumber(found[3]) or -1
if attempts < 0 or attempts >= request.max_attempts then
  return {'too_many_attempts'}
end
local log = text(KEYS[2])
local number, wait = exceeded(log, request.failure_limits)
if number then
  return {'locked', request.max_attempts - attempts, wait}
end
redis.call('HSET', KEYS[1], 'a', attempts + 1)
local left = request.max_attempts - attempts - 1
local right = false
for _, digest in ipairs(request.digests) do
  right = right or digest == found[1]
end
if not right then
  put(KEYS[2], add(log, now, request.proof_id, request.failure_limits, 0), memory(request.failure_limits))
  return {'wrong_code', left}
end
redis.call('HSET', KEYS[1], 'u', 1)
redis.call('DEL', KEYS[2])
put(KEYS[3], whole((tonumber(wins) or 0) + 1), LIFE + GRACE)
put(KEYS[4], whole(now + request.proof_ttl_ms), request.proof_ttl_ms)
return {'verified', left, tonumber(found[4])}
