-- Whose sends and wrong codes of one phone count together, as uzotp/rules/devices.py has it.

local function chosen(log, fits)
  local found = {}
  for start = 1, #log, WIDTH do
    if fits(string.sub(log, start + DIGITS, start + WIDTH - 1)) then
      found[#found + 1] = string.sub(log, start, start + WIDTH - 1)
    end
  end
  return table.concat(found)
end

-- The entries of a log that count with those of a mark.
local function entries(log, mark)
  local apart = mark == KNOWN or mark == VOUCHED
  return chosen(log, function(tag)
    return tag == mark or not apart and tag ~= KNOWN and tag ~= VOUCHED
  end)
end

-- The moment before which one of them is sent nothing. KEYS: those of open.lua.
local function resend_at_of(KEYS, phone, mark)
  if mark == KNOWN or mark == VOUCHED then
    return tonumber(redis.call('HGET', KEYS[6], mark) or 0)
  end
  return tonumber(string.sub(phone, 1, DIGITS)) or 0
end

local function part(limits, of)
  local parts = {}
  for number, limit in ipairs(limits) do
    parts[number] = {math.ceil(limit[1] / of), limit[2]}
  end
  return parts
end

-- The share and the number of the limit that one more entry with this mark would break, and the milliseconds until it
-- would not. Shares are numbered as in uzotp/rules/devices.py: all unknown devices', one network's, known devices', of
-- those who are vouched for.
local function full(log, limits, mark)
  local counted = entries(log, mark)
  if mark == KNOWN then
    return 3, exceeded(counted, limits)
  elseif mark == VOUCHED then
    return 4, exceeded(counted, part(limits, VOUCHED_PART))
  end
  local share, number, wait = 1, exceeded(counted, limits)
  if mark ~= NOWHERE then
    local of_network = chosen(counted, function(tag) return tag == mark end)
    local other, longer = exceeded(of_network, part(limits, NETWORK_PART))
    if longer > wait then
      share, number, wait = 2, other, longer
    end
  end
  return share, number, wait
end
