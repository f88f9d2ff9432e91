-- Take a proof out of a challenge. KEYS: challenge.

local proofs = redis.call('HGET', KEYS[1], 'p') or ''
local at = string.find(proofs, request.proof_id, 1, true)
if not at or tonumber(string.sub(proofs, at - DIGITS, at - 1)) <= now then
  return 0
end
redis.call('HSET', KEYS[1], 'p', string.sub(proofs, 1, at - DIGITS - 1) .. string.sub(proofs, at - DIGITS + PROOF_WIDTH))
return 1
