-- Move a delivery forward; its fields, or none when nothing changed. KEYS: delivery, ids.

local old = fields_of(KEYS[1])
if not old.status or (old.gateway_id and request.id and old.gateway_id ~= request.id)
  or RANK[request.status] <= math.max(RANK[old.status], RANK.unknown) then
  return {}
end
redis.call('HSET', KEYS[1], 'status', request.status, 'updated_at', whole(now))
if request.id and not old.gateway_id then
  redis.call('HSET', KEYS[1], 'gateway_id', request.id)
  know(KEYS[2], old.gateway, request.id)
end
return redis.call('HGETALL', KEYS[1])
