-- Write down how a send ended, once. KEYS: delivery, sends, challenge, ids.

local old = fields_of(KEYS[1])
if not old.status or (old.gateway or '') ~= '' then
  return {0, 0}
end
local status = old.status
if RANK[request.status] > RANK[status] then
  status = request.status
end
local gateway_id = request.delivery.gateway_id or old.gateway_id
write(KEYS[1], request.delivery)
redis.call('HSET', KEYS[1], 'status', status, 'updated_at', whole(now))
know(KEYS[4], request.delivery.gateway, gateway_id)

if request.handle and redis.call('EXISTS', KEYS[3]) == 1 then
  if not request.refund then
    redis.call('HSET', KEYS[3], 'i', request.delivery_id)
  elseif redis.call('HINCRBY', KEYS[3], 's', -1) < 0 then
    redis.call('HSET', KEYS[3], 's', 0)
  end
end
if request.refund and request.mark ~= '' then
  local phone = text(KEYS[2])
  local log = string.sub(phone, DIGITS + 1)
  local left = without(log, entry(tonumber(old.created_at), request.mark))
  if left ~= log then
    redis.call('SET', KEYS[2], string.sub(phone, 1, DIGITS) .. left, 'KEEPTTL')
  end
end
return {1, (gateway_id and RANK[status] < FINAL) and 1 or 0, old.created_at}
