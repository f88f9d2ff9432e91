-- Take a place in what all phones share. KEYS: switches, client, prefix, country, budget.
-- Everything is read and decided first, then written: a refusal leaves no trace.

if redis.call('HEXISTS', KEYS[1], PAUSE) == 1 then
  return {'paused'}
end

local log, at = nil, now
if request.client then
  log = text(KEYS[2])
  local number, wait = exceeded(log, request.client_limits)
  if number then
    return {'rate_limited', number, wait}
  end
  at = math.max(now, nth_newest(log, 1) or 0)
end

local guard, seen = request.guard, nil
if guard then
  local prefix = suspicion('prefix', KEYS[3], guard.prefix_floor, guard.ratio, request.untallied[1])
  local country = suspicion('country', KEYS[4], guard.country_floor, guard.ratio, request.untallied[2])
  seen = prefix or country
  if prefix and country and country[6] > prefix[6] then
    seen = country
  end
  if seen and guard.enforce and not guard.trusted then
    return {'suspicious', seen}
  end
end

local day, used = '', 0
if request.budget then
  day = whole(math.floor((now + OFFSET_MS) / DAY_MS))
  used = used_of(KEYS[5], day) + request.amount
  if used > request.budget then
    return {'budget', DAY_MS - (now + OFFSET_MS) % DAY_MS}
  end
end

if log then
  put(KEYS[2], add(log, at, request.entry_id, request.client_limits, 0), memory(request.client_limits))
end
if guard then
  count(KEYS[3], at, 1, 0)
end
if request.budget then
  put_used(KEYS[5], day, used)
end

local on = {}
for _, name in ipairs(request.switches) do
  if redis.call('HEXISTS', KEYS[1], name) == 1 then
    on[#on + 1] = name
  end
end
return {'granted', at, day, on, seen or {}}
