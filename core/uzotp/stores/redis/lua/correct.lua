-- Take a reservation back, or write down what it came to. KEYS: client, wider network, prefix, budget.

if request.entry_id then
  for place = 1, 2 do
    local log = text(KEYS[place])
    local left = without(log, entry(now, request.entry_id))
    if left ~= log then
      redis.call('SET', KEYS[place], left, 'KEEPTTL')
    end
  end
end
if request.uncount and redis.call('EXISTS', KEYS[3]) == 1 then
  count(KEYS[3], now, -1, 0)
end
if request.change then
  put_used(KEYS[4], request.day, math.max(0, used_of(KEYS[4], request.day) + request.change))
end
return 1
