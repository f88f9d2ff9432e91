-- The pumping guard's books, as uzotp/rules/pumping.py keeps them: the text of the hour's minutes, "|", that of the
-- day's half-hours; slots of NUMBER digits of their number, COUNT of sends and COUNT of verified sends, newest first.

local SLOT = string.format('%%0%dd%%0%dd%%0%dd', NUMBER, COUNT, COUNT)

local function slots_of(log)
  local slots = {}
  for start = 1, #log, SLOT_WIDTH do
    local sends = start + NUMBER
    local verified = sends + COUNT
    slots[#slots + 1] = {
      tonumber(string.sub(log, start, sends - 1)), tonumber(string.sub(log, sends, verified - 1)),
      tonumber(string.sub(log, verified, verified + COUNT - 1)),
    }
  end
  return slots
end

local function halves(tally)
  local minutes, spans = string.match(tally, '^(%d*)|(%d*)$')
  return {minutes or '', spans or ''}
end

local function bounded(count)
  return math.min(math.max(count, 0), MOST)
end

local function counted(log, window, at, sends, verified)
  local number = math.floor(at / window.slot_ms)
  local slots, found = slots_of(log), nil
  for _, slot in ipairs(slots) do
    if slot[1] == number then
      found = slot
    end
  end
  if not found then
    if sends + verified < 0 then
      return log
    end
    found = {number, 0, 0}
    slots[#slots + 1] = found
    table.sort(slots, function(one, other) return one[1] > other[1] end)
  end
  found[2], found[3] = found[2] + sends, found[3] + verified
  local kept = {}
  for index = 1, math.min(#slots, window.slots) do
    local slot = slots[index]
    kept[index] = string.format(SLOT, slot[1], bounded(slot[2]), bounded(slot[3]))
  end
  return table.concat(kept)
end

-- Add to the slots of the moment *at*; a negative number takes back what was counted there.
local function count(key, at, sends, verified)
  local tally = halves(text(key))
  for half, window in ipairs(WINDOWS) do
    tally[half] = counted(tally[half], window, at, sends, verified)
  end
  if tally[1] ~= '' or tally[2] ~= '' then
    put(key, tally[1] .. '|' .. tally[2], MEMORY_MS)
  end
end

local function broken(slots, first, last, floor, ratio)
  local sends, verified = 0, 0
  for index = first, last do
    sends, verified = sends + slots[index][2], verified + slots[index][3]
  end
  local unverified = math.max(0, sends - verified)
  local limit = math.max(floor, math.floor(ratio * verified))
  if unverified >= limit then
    return unverified, verified, limit
  end
end

local function wait_of(slots, last, window, floor, ratio)
  while last > 0 do
    local moment = (slots[last][1] + window.slots) * window.slot_ms
    last = last - 1
    if not broken(slots, 1, last, floor, ratio) then
      return moment - now
    end
  end
  return window.slots * window.slot_ms
end

-- Of the windows that one more send would break, the one that takes longest to mend: its level, name, unverified,
-- verified, limit and wait. What is untallied, sends and verified ones, counts as of now.
local function suspicion(level, key, floor, ratio, untallied)
  local worst
  for half, log in ipairs(halves(text(key))) do
    local window, slots, last = WINDOWS[half], slots_of(log), 0
    if untallied[1] ~= 0 or untallied[2] ~= 0 then
      table.insert(slots, 1, {math.floor(now / window.slot_ms), untallied[1], untallied[2]})
    end
    while last < #slots and slots[last + 1][1] > math.floor(now / window.slot_ms) - window.slots do
      last = last + 1
    end
    local unverified, verified, limit = broken(slots, 1, last, floor, ratio)
    if unverified then
      local wait = wait_of(slots, last, window, floor, ratio)
      if not worst or wait > worst[6] then
        worst = {level, window.name, unverified, verified, limit, wait}
      end
    end
  end
  return worst
end
