-- Charge one attempt and compare it. KEYS: challenge, failures, wins, proof. The fields are told in open.lua, the
-- arguments in attempt.lua. Which delivery is the newest only the challenge knows: its key, of the same tag, is made
-- here, and looked for before anything is written, for in a cluster it may be on its way to another server.

local found = redis.call('HMGET', KEYS[1], 'd', 'e', 'a', 's', 'u', 'w')
local texts = redis.call('MGET', KEYS[2], KEYS[3])
local log, wins = texts[1] or '', texts[2] or ''
if not found[1] or found[5] ~= '0' or found[6] ~= wins or now >= tonumber(found[2]) then
  return {'expired'}
end
local attempts = tonumber(found[3]) or -1
if attempts < 0 or attempts >= request.max_attempts then
  return {'too_many_attempts'}
end
local number, wait = exceeded(log, request.failure_limits)
if number then
  return {'locked', request.max_attempts - attempts, wait}
end
local left = request.max_attempts - attempts - 1
local right = false
for place = digests_after + 1, #ARGV do
  right = right or ARGV[place] == found[1]
end
if not right then
  redis.call('HSET', KEYS[1], 'a', attempts + 1)
  put(KEYS[2], add(log, now, request.proof_id, request.failure_limits, 0), memory(request.failure_limits))
  return {'wrong_code', left}
end
local newest = string.match(KEYS[1], '^.-}:') .. 'd:' .. redis.call('HGET', KEYS[1], 'i')
if redis.call('EXISTS', newest) == 1 then
  redis.call('HSET', newest, 'verified_at', whole(now))
end
redis.call('HSET', KEYS[1], 'a', attempts + 1, 'u', 1)
if log ~= '' then
  redis.call('DEL', KEYS[2])
end
redis.call('SET', KEYS[3], whole((tonumber(wins) or 0) + 1), 'PX', LIFE_MS + GRACE_MS)
redis.call('SET', KEYS[4], whole(now + request.proof_ttl_ms), 'PX', whole(request.proof_ttl_ms))
return {'verified', left, tonumber(found[4])}
