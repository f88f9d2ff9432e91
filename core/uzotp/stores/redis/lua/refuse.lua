-- Why a phone gets no message now, or nothing and the mark that it is counted with: uzotp/rules/challenges.py decides so.
-- KEYS: those of open.lua.

local phone, failures = text(KEYS[1]), text(KEYS[2])
local known_after = request.device_at_ms and tonumber(redis.call('HGET', KEYS[6], 'revoked') or 0)
local known = request.device_at_ms and request.device_at_ms > known_after
local soonest
for _, mark in ipairs({known and KNOWN or '', request.network, request.vouched and VOUCHED or ''}) do
  if mark ~= '' then
    local kind, log, limits = 'locked', failures, request.failure_limits
    local share, number, wait = full(log, limits, mark)
    if not number then
      wait = resend_at_of(KEYS, phone, mark) - now
      if wait > 0 then
        return soonest and soonest[4] <= wait and soonest or {'cooldown', wait}
      end
      kind, log, limits = 'rate_limited', string.sub(phone, DIGITS + 1), request.phone_limits
      share, number, wait = full(log, limits, mark)
      if not number then
        return nil, mark
      end
    end
    if not soonest or wait < soonest[4] then
      soonest = {kind, share, number, wait}
    end
  end
end
return soonest
