-- Add to areas what one process has added up. KEYS: the areas, as in the request.

for place, key in ipairs(KEYS) do
  count(key, now, request.counts[place][1], request.counts[place][2])
end
return 1
