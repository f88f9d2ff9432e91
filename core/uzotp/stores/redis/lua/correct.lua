-- Take a reservation back, or write down what it came to. KEYS: client, prefix, budget.

if request.entry_id then
  local log = text(KEYS[1])
  local left = without(log, entry(now, request.entry_id))
  if left ~= log then
    redis.call('SET', KEYS[1], left, 'KEEPTTL')
  end
end
if request.uncount and redis.call('EXISTS', KEYS[2]) == 1 then
  count(KEYS[2], now, -1, 0)
end
if request.change then
  put_used(KEYS[3], request.day, math.max(0, used_of(KEYS[3], request.day) + request.change))
end
return 1
