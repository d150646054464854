-- Forgets a redaction of a user whose hidden messages are all deleted, unless another one came.
--
-- KEYS: the hash of users and their numbers. ARGV: the user and the number.
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
