-- Charge one attempt and compare it. KEYS: challenge, failures, wins. The fields are told in open.lua, the arguments in
-- attempt.lua.

local found = redis.call('HMGET', KEYS[1], 'd', 'e', 'a', 's', 'u', 'w', 'i', 'p', 'm')
local wins = text(KEYS[3])
if not found[1] or found[5] ~= '0' or found[6] ~= wins or now >= tonumber(found[2]) then
  return {'expired'}
end
local attempts = tonumber(found[3]) or -1
if attempts < 0 or attempts >= request.max_attempts then
  return {'too_many_attempts'}
end
local left = request.max_attempts - attempts - 1
local right = false
for place = FIRST_DIGEST, #ARGV do
  right = right or ARGV[place] == found[1]
end
if not right then
  redis.call('HSET', KEYS[1], 'a', attempts + 1)
  local failures = push(text(KEYS[2]), now, found[9] or NOWHERE, request.most_failures)
  put(KEYS[2], failures, request.memory_ms)
  return {'wrong_code', left, failures}
end
local proofs = moment(now + request.proof_ttl_ms) .. request.proof_id .. (found[8] or '')
redis.call('HSET', KEYS[1], 'a', attempts + 1, 'u', 1, 'p', string.sub(proofs, 1, MOST_PROOFS * PROOF_WIDTH))
keep(KEYS[1], request.proof_ttl_ms)
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[3], whole((tonumber(wins) or 0) + 1), 'PX', LIFE_MS + GRACE_MS)
return {'verified', left, tonumber(found[4]), found[7], now}
