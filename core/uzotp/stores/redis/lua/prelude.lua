-- What every script has after its request: its moment, logs of moments, expiries. The rules are uzotp/rules/. The names
-- in capitals are Python's constants, put before each script by scripts.py. Without a moment in the request, Redis's own
-- clock decides: milliseconds since the epoch.

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

local function moment(ms)
  return string.format('%0' .. DIGITS .. '.0f', ms)
end

local function entry(at, tag)
  return moment(at) .. string.sub(tag .. string.rep('_', TAG), 1, TAG)
end

local function nth_newest(log, n)
  local start = (n - 1) * WIDTH
  if n >= 1 and start < #log then
    return tonumber(string.sub(log, start + 1, start + DIGITS))
  end
end

-- A log with one more entry, cut to the newest that are to be kept.
local function push(log, at, tag, keep)
  return string.sub(entry(at, tag) .. log, 1, keep * WIDTH)
end

local function add(log, at, tag, limits)
  local most = 0
  for _, limit in ipairs(limits) do
    most = math.max(most, limit[1])
  end
  return push(log, at, tag, most)
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
    local entered = now
    if limit[1] > 0 then
      entered = nth_newest(log, limit[1])
    end
    if entered and entered + limit[2] * 1000 - now > longest then
      worst, longest = number, entered + limit[2] * 1000 - now
    end
  end
  return worst, longest
end

-- How long a log matters: as long as its longest window, a day at least.
local function memory(...)
  local longest = LOG_MS
  for _, limits in ipairs({...}) do
    for _, limit in ipairs(limits) do
      longest = math.max(longest, limit[2] * 1000)
    end
  end
  return longest
end

local function write(key, fields)
  local flat = {}
  for name, value in pairs(fields) do
    flat[#flat + 1], flat[#flat + 2] = name, value
  end
  redis.call('HSET', key, unpack(flat))
end

local function pending(key, request, created_at)
  local delivery = {status = 'pending'}
  for _, name in ipairs(OF_REQUEST) do
    delivery[name] = request[name]
  end
  write(key, delivery)
  redis.call('HSET', key, 'created_at', whole(created_at), 'updated_at', whole(created_at))
  keep(key, DELIVERY_MS)
end
