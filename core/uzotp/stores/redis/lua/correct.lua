-- Take a reservation back, or write down what it came to. KEYS: client, prefix, country, budget.

if request.entry_id then
  local log = text(KEYS[1])
  local left = without(log, entry(now, request.entry_id))
  if left ~= log then
    redis.call('SET', KEYS[1], left, 'KEEPTTL')
  end
end
if request.uncount then
  for index = 2, 3 do
    if redis.call('EXISTS', KEYS[index]) == 1 then
      count(KEYS[index], now, -1, 0)
    end
  end
end
if request.change then
  put_used(KEYS[4], request.day, math.max(0, used_of(KEYS[4], request.day) + request.change))
end
return 1
