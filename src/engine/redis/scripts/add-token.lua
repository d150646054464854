-- Stores the first refresh token of a session. Returns 0 where the session has ended.
-- KEYS: the session (hash), its refresh tokens with when each was used (hash), the same in their
--       order (list)
-- ARGV: the token
local life = redis.call('PTTL', KEYS[1])
if life < 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], '')
redis.call('RPUSH', KEYS[3], ARGV[1])
redis.call('PEXPIRE', KEYS[2], life)
redis.call('PEXPIRE', KEYS[3], life)
return 1
