-- Write down how a send ended, once. KEYS: delivery, sends, challenge, ids.

local old = fields_of(KEYS[1])
if not old.status or (old.gateway or '') ~= '' then
  return {0, 0}
end
local status = old.status
if RANK[request.status] > RANK[status] then
  status = request.status
end
local gateway_id = request.gateway_id or old.gateway_id
redis.call('HSET', KEYS[1], 'status', status, 'gateway', request.gateway, 'updated_at', whole(now))
for _, name in ipairs({'gateway_id', 'cost', 'currency', 'parts'}) do
  if request[name] then
    redis.call('HSET', KEYS[1], name, request[name])
  end
end
know(KEYS[4], request.gateway, gateway_id)

if request.handle and redis.call('EXISTS', KEYS[3]) == 1 then
  if not request.refund then
    redis.call('HSET', KEYS[3], 'i', request.delivery_id)
  elseif redis.call('HINCRBY', KEYS[3], 's', -1) < 0 then
    redis.call('HSET', KEYS[3], 's', 0)
  end
end
if request.refund then
  local phone = text(KEYS[2])
  local log = string.sub(phone, 14)
  local left = without(log, entry(tonumber(old.created_at), request.delivery_id))
  if left ~= log then
    redis.call('SET', KEYS[2], string.sub(phone, 1, 13) .. left, 'KEEPTTL')
  end
end
return {1, (gateway_id and RANK[status] < 3) and 1 or 0, old.created_at}
