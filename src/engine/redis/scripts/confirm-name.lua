-- Makes the claim of a name last. Returns 0 where the claim was over.
-- KEYS: the name (hash)
-- ARGV: user
if redis.call('HGET', KEYS[1], 'user') ~= ARGV[1] then return 0 end
redis.call('PERSIST', KEYS[1])
return 1
