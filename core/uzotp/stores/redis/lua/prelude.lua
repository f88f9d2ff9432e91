-- What every script has after its request: its moment, logs of moments, expiries. The rules are uzotp/guard.py's.
-- Without a moment in the request, Redis's own clock decides: milliseconds since the epoch.

local WIDTH = 16
local HOUR = 3600000
local DAY = 86400000
local GRACE = 60000
local LIFE = 600000
local LAST_RESEND = 540000
local RANK = {pending = 0, unknown = 1, sent = 2, delivered = 3, failed = 3}

local now = request.now
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function whole(number)
  return string.format('%.0f', number)
end

local function text(key)
  return redis.call('GET', key) or ''
end

-- Expiries never move back.
local function keep(key, ms)
  if redis.call('PTTL', key) < ms then
    redis.call('PEXPIRE', key, whole(ms))
  end
end

local function put(key, value, ms)
  redis.call('SET', key, value, 'KEEPTTL')
  keep(key, ms)
end

local function entry(at, tag)
  return string.format('%013.0f', at) .. string.sub(tag .. '___', 1, 3)
end

local function nth_newest(log, n)
  local start = (n - 1) * WIDTH
  if n >= 1 and start < #log then
    return tonumber(string.sub(log, start + 1, start + 13))
  end
end

local function add(log, at, tag, limits, at_least)
  local most = at_least
  for _, limit in ipairs(limits) do
    most = math.max(most, limit[1])
  end
  return string.sub(entry(at, tag) .. log, 1, most * WIDTH)
end

local function without(log, gone)
  local from, to = string.find(log, gone, 1, true)
  if from then
    return string.sub(log, 1, from - 1) .. string.sub(log, to + 1)
  end
  return log
end

-- The number of the limit that one more entry would break, and the milliseconds until it would not.
local function exceeded(log, limits)
  local worst, longest = nil, 0
  for number, limit in ipairs(limits) do
    local moment = now
    if limit[1] > 0 then
      moment = nth_newest(log, limit[1])
    end
    if moment and moment + limit[2] * 1000 - now > longest then
      worst, longest = number, moment + limit[2] * 1000 - now
    end
  end
  return worst, longest
end

-- How long a log matters: as long as its longest window, a day at least.
local function memory(...)
  local longest = DAY
  for _, limits in ipairs({...}) do
    for _, limit in ipairs(limits) do
      longest = math.max(longest, limit[2] * 1000)
    end
  end
  return longest
end

local function pending(key, created_at)
  redis.call('HSET', key, 'handle', request.handle, 'purpose', request.purpose, 'prefix', request.prefix,
    'country', request.country, 'status', 'pending', 'created_at', whole(created_at),
    'updated_at', whole(created_at))
  keep(key, DAY)
end
