-- Voids the tickets of a session or of a user that are out, and those that are being issued.
-- KEYS: the ending (hash)
-- ARGV: a new generation, the time before which tickets are refused or '', milliseconds that the
--       ending is remembered
local before = tonumber(redis.call('HGET', KEYS[1], 'before') or 0)
redis.call('HSET', KEYS[1], 'generation', ARGV[1])
redis.call('HSET', KEYS[1], 'before', math.max(before, tonumber(ARGV[2]) or 0))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
