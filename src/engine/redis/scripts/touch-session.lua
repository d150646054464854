-- Moves the last use of a session forward.
-- KEYS: the session (hash)
-- ARGV: when it was used
local used = redis.call('HGET', KEYS[1], 'usedAt')
if used and tonumber(used) < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'usedAt', ARGV[1])
end
