-- The request of an attempt, which is the one that comes most: ARGV is the moment or nothing, the most attempts, the
-- proof's id and its life, how many limits there are, the count and the seconds of each, then the digests.

local request = {
  now = tonumber(ARGV[1]), max_attempts = tonumber(ARGV[2]), proof_id = ARGV[3], proof_ttl_ms = tonumber(ARGV[4]),
  failure_limits = {},
}
local digests_after = 5 + 2 * tonumber(ARGV[5])
for place = 6, digests_after, 2 do
  table.insert(request.failure_limits, {tonumber(ARGV[place]), tonumber(ARGV[place + 1])})
end

