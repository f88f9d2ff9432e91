-- ARGV[1] is the request as JSON.

local request = cjson.decode(ARGV[1])

