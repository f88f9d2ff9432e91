-- Open and reserve in one decision, where one server has all keys. KEYS: the six of open.lua, the six of reserve.lua.

local of_phone, shared = {unpack(KEYS, 1, 6)}, {unpack(KEYS, 7)}
local refused, mark = refuse(of_phone, request.opening)
if refused then
  return {'phone', refused}
end
local reserved = reserve(shared, request.wanted)
if reserved[1] ~= 'granted' then
  return {'all', reserved}
end
request.opening.mark = mark
return {'admitted', reserved, open(of_phone, request.opening)}
