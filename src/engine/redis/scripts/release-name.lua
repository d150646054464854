-- Notes that the account of a name is removed, and until when the name stays taken at least.
-- KEYS: the name (hash)
-- ARGV: user, when it may be free
if redis.call('HGET', KEYS[1], 'user') ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'keptUntil', ARGV[2], 'releasedAt', now)
redis.call('PERSIST', KEYS[1])
return 1
