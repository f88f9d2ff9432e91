-- Add to areas what one process has added up. KEYS: the areas, as in the request, which has moments, sends and verified
-- ones of each.

for place, key in ipairs(KEYS) do
  for _, counts in ipairs(request.counts[place]) do
    count(key, counts[1], counts[2], counts[3])
  end
end
return 1
