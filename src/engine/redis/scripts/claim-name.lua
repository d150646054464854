-- Claims a username for a user, until the claim is confirmed or a minute is over. Returns 0 where
-- another user has it, or had it and it is not free again.
-- KEYS: the name (hash)
-- ARGV: user, milliseconds until a claim ends, how many milliseconds messages are kept at most ('':
--       without an end)
local held = redis.call('HMGET', KEYS[1], 'user', 'keptUntil', 'releasedAt')
if held[1] then
  if not held[2] or ARGV[3] == '' then return 0 end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if now < math.max(tonumber(held[2]), held[3] + ARGV[3]) then return 0 end
  redis.call('DEL', KEYS[1])
end
redis.call('HSET', KEYS[1], 'user', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
