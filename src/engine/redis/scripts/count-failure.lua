-- Counts a failed attempt to prove a password.
-- KEYS: the failures (hash)
-- ARGV: milliseconds after which all are forgotten
local time = redis.call('TIME')
redis.call('HINCRBY', KEYS[1], 'count', 1)
redis.call('HSET', KEYS[1], 'at', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
