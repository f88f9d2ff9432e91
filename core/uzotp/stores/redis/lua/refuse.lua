-- Why a phone gets no message now; nothing where it may. KEYS: those of open.lua.

local number, wait = exceeded(text(KEYS[2]), request.failure_limits)
if number then
  return {'locked', number, wait}
end
local phone = text(KEYS[1])
local resend_at = tonumber(string.sub(phone, 1, DIGITS)) or 0
if now < resend_at then
  return {'cooldown', resend_at - now}
end
number, wait = exceeded(string.sub(phone, DIGITS + 1), request.phone_limits)
if number then
  return {'rate_limited', number, wait}
end
