-- Enters a session in the list of its user's sessions. Returns the username; nil where there is no
-- account.
-- KEYS: the account (hash), the user's sessions by their ends (sorted set)
-- ARGV: the session with its generation, how many milliseconds it lives
local username = redis.call('HGET', KEYS[1], 'username')
if not username then return nil end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return username
