-- The days' money: one hash of whole so'm by day, the days numbered since the epoch, of Asia/Tashkent.

local function used_of(key, day)
  return tonumber(redis.call('HGET', key, day) or 0)
end

local function put_used(key, day, used)
  if redis.call('HSET', key, day, whole(used)) == 1 then
    for _, other in ipairs(redis.call('HKEYS', key)) do
      if tonumber(other) <= tonumber(day) - BUDGET_MS / DAY_MS then
        redis.call('HDEL', key, other)
      end
    end
  end
  keep(key, BUDGET_MS)
end
