-- Returns how many attempts have failed, how many milliseconds ago the last one was, and where the
-- last success came from.
-- KEYS: the failures (hash), where a success came from (string)
local count, at = unpack(redis.call('HMGET', KEYS[1], 'count', 'at'))
local cameFrom = redis.call('GET', KEYS[2])
if not count then return { 0, 0, cameFrom } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return { tonumber(count), math.max(now - at, 0), cameFrom }
