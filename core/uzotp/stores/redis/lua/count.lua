-- Add to what was counted on a day. KEYS: the day's counts.

for name, more in pairs(request.counts) do
  redis.call('HINCRBY', KEYS[1], name, more)
end
keep(KEYS[1], request.ends - now)
return 1
