-- Take a place in what all phones share. KEYS: switches, client, wider network, prefix, country, budget.
-- Everything is read and decided first, then written: a refusal leaves no trace.

if redis.call('HEXISTS', KEYS[1], PAUSE) == 1 then
  return {'paused'}
end

-- A client's own, then the wider one: without a client neither. A send is entered in both with one moment.
local networks = {request.client and request.client_limits, request.wider and request.wider_limits}
local entered, at, before = {}, now, 0
for place, limits in ipairs(networks) do
  local log = text(KEYS[1 + place])
  local number, wait = exceeded(log, limits)
  if number then
    return {'rate_limited', before + number, wait}
  end
  entered[place], at, before = log, math.max(at, nth_newest(log, 1) or 0), before + #limits
end

local guard, seen = request.guard, nil
if guard then
  local prefix = suspicion('prefix', KEYS[4], guard.prefix_floor, guard.ratio, request.untallied[1])
  local country = suspicion('country', KEYS[5], guard.country_floor, guard.ratio, request.untallied[2])
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
  used = used_of(KEYS[6], day) + request.amount
  if used > request.budget then
    return {'budget', DAY_MS - (now + OFFSET_MS) % DAY_MS}
  end
end

for place, log in ipairs(entered) do
  put(KEYS[1 + place], add(log, at, request.entry_id, networks[place]), memory(networks[place]))
end
if guard then
  count(KEYS[4], at, 1, 0)
end
if request.budget then
  put_used(KEYS[6], day, used)
end

local on = {}
for _, name in ipairs(request.switches) do
  if redis.call('HEXISTS', KEYS[1], name) == 1 then
    on[#on + 1] = name
  end
end
return {'granted', at, day, on, seen or {}}
