-- Stores a session for as long as it lives.
-- KEYS: the session (hash)
-- ARGV: how many milliseconds it lives, and its fields with their values
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
