-- Open or extend a challenge of a phone that is not refused. KEYS: sends, failures, wins, challenge, delivery, devices.
--
-- The phone's text is DIGITS digits, the moment before which no unknown device is sent anything, then the log of its
-- sends; devices has that moment of the others under their marks, and when tokens were revoked. A challenge is
-- n nonce, d digest, k key, b began, e expires, a attempts, s sends, u used, i newest delivery, w the phone's wins of
-- this purpose when it began: a success adds a win, and so ends every challenge that began before. p, the proofs, stays
-- when another challenge takes its place; m is the mark that its newest send was counted with. One letter each, and few
-- values over 64 bytes, so that Redis keeps it in one compact list.

local phone, mark = text(KEYS[1]), request.mark
local log = string.sub(phone, DIGITS + 1)
local counted, step = entries(log, mark), 1
for index = 1, #counted / WIDTH do
  if nth_newest(counted, index) > now - LADDER_MS and step < #request.resend_after then
    step = step + 1
  end
end
local resend_at = now + request.resend_after[step] * 1000
local at = math.max(now, nth_newest(log, 1) or 0)
log = push(log, at, mark, request.kept)
local quiet_until = moment(tonumber(string.sub(phone, 1, DIGITS)) or 0)
if mark == KNOWN or mark == VOUCHED then
  redis.call('HSET', KEYS[6], mark, whole(resend_at))
  keep(KEYS[6], resend_at - now)
else
  quiet_until = moment(resend_at)
end
put(KEYS[1], quiet_until .. log, memory(request.phone_limits, request.failure_limits))

local wins = text(KEYS[3])
local old = redis.call('HMGET', KEYS[4], 'n', 'd', 'k', 'b', 'e', 'a', 's', 'u', 'i', 'w')
local nonce, digest, key_id, began, previous = old[1], old[2], old[3], tonumber(old[4] or 0), old[9]
local attempts, sends = tonumber(old[6] or 0) or -1, tonumber(old[7] or 0)
local live = nonce and old[8] == '0' and old[10] == wins and now < tonumber(old[5])
  and attempts >= 0 and attempts < request.max_attempts and began + LAST_RESEND_MS >= now
if not live then
  nonce, digest, key_id, began, previous = request.nonce, request.digest, request.key_id, now, ''
  attempts, sends = 0, 0
end
local remade = true
for _, key in ipairs(request.live_keys) do
  remade = remade and key ~= key_id
end
if remade then
  nonce, digest, key_id = request.nonce, request.digest, request.key_id
end
local expires_at = math.min(now + request.ttl_ms, began + LIFE_MS)
sends = sends + 1
redis.call('HSET', KEYS[4], 'n', nonce, 'd', digest, 'k', key_id, 'b', whole(began), 'e', whole(expires_at),
  'a', attempts, 's', sends, 'u', 0, 'i', request.delivery_id, 'w', wins, 'm', mark)
keep(KEYS[4], expires_at - now + GRACE_MS)
keep(KEYS[3], expires_at - now + GRACE_MS)
pending(KEYS[5], request, now)
return {'opened', nonce, key_id, attempts, sends, expires_at, resend_at, previous, mark}
