-- Replaces the hash of a password. Returns 0 where it is another one by now, or there is none.
-- KEYS: the account (hash)
-- ARGV: the new hash, the former one
if redis.call('HGET', KEYS[1], 'password') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'password', ARGV[1])
return 1
