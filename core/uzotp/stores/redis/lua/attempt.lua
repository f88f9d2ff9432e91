-- The request of an attempt, which is the one that comes most: ARGV is the moment or nothing, the most attempts, the
-- proof's id and its life, how many failures are kept and for how long, then the digests.

local request = {
  now = tonumber(ARGV[1]), max_attempts = tonumber(ARGV[2]), proof_id = ARGV[3], proof_ttl_ms = tonumber(ARGV[4]),
  most_failures = tonumber(ARGV[5]), memory_ms = tonumber(ARGV[6]),
}
local FIRST_DIGEST = 7

