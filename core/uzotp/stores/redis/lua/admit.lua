-- Open and reserve in one decision, where one server has all keys. KEYS: the five of open.lua, the five of reserve.lua.

local of_phone, shared = {}, {}
for place = 1, 5 do
  of_phone[place], shared[place] = KEYS[place], KEYS[place + 5]
end
local refused = refuse(of_phone, request.opening)
if refused then
  return {'phone', refused}
end
local reserved = reserve(shared, request.wanted)
if reserved[1] ~= 'granted' then
  return {'all', reserved}
end
return {'admitted', reserved, open(of_phone, request.opening)}
