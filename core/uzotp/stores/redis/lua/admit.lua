-- Open and reserve in one decision, where one server has all keys. KEYS: the five of open.lua, the six of reserve.lua.

local of_phone, shared = {unpack(KEYS, 1, 5)}, {unpack(KEYS, 6)}
local refused = refuse(of_phone, request.opening)
if refused then
  return {'phone', refused}
end
local reserved = reserve(shared, request.wanted)
if reserved[1] ~= 'granted' then
  return {'all', reserved}
end
return {'admitted', reserved, open(of_phone, request.opening)}
