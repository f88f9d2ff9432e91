-- Deliveries are hashes of a delivery's fields by name; the gateways' ids of a phone, one hash of "gateway id" names.

local function fields_of(key)
  local pairs_of, fields = redis.call('HGETALL', key), {}
  for index = 1, #pairs_of, 2 do
    fields[pairs_of[index]] = pairs_of[index + 1]
  end
  return fields
end

local function know(ids, gateway, id)
  if id and gateway and gateway ~= '' then
    redis.call('HSET', ids, gateway .. ' ' .. id, '')
    keep(ids, DELIVERY_MS)
  end
end
