-- Stores the refresh tokens of a session that comes from another store. Returns 0 where the session
-- has ended.
-- KEYS: the session (hash), its refresh tokens with when each was used (hash), the same in their
--       order (list)
-- ARGV: the tokens in their order, and after each when it was used, or ''
redis.call('DEL', KEYS[2], KEYS[3])
local life = redis.call('PTTL', KEYS[1])
if life < 0 then return 0 end
for at = 1, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1])
  redis.call('RPUSH', KEYS[3], ARGV[at])
end
redis.call('PEXPIRE', KEYS[2], life)
redis.call('PEXPIRE', KEYS[3], life)
return 1
