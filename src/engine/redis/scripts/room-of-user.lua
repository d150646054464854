-- KEYS: a room's hash, its participants. ARGV: a user.
-- Gives where the room stands and what is kept of the user, both of one moment.
return { redis.call('HGET', KEYS[1], 'at'), redis.call('HGET', KEYS[2], ARGV[1]) }
