-- Uses up a refresh token and makes the next one good. Returns 1; 0 for a token that was used
-- before and is past its grace; nil for one that is not known.
-- KEYS: the session (hash), its refresh tokens with when each was used (hash), the same in their
--       order (list)
-- ARGV: the token, the next one, the time, the grace in milliseconds, how many are remembered, a
--       time before any grace
local session, tokens, order = KEYS[1], KEYS[2], KEYS[3]
local token, following, now = ARGV[1], ARGV[2], ARGV[3]
local used = redis.call('HGET', tokens, token)
if not used or redis.call('EXISTS', session) == 0 then return nil end
if used == '' then
  redis.call('HSET', tokens, token, now)
elseif tonumber(now) - tonumber(used) > tonumber(ARGV[4]) then
  return 0
end
-- A token that is shown again for the same next one changes nothing more.
if redis.call('HEXISTS', tokens, following) == 1 then return 1 end
-- One token is good at a time, the last one: with two, the theft of one would never be noticed.
local last = redis.call('LINDEX', order, -1)
if redis.call('HGET', tokens, last) == '' then redis.call('HSET', tokens, last, ARGV[6]) end
redis.call('HSET', tokens, following, '')
redis.call('RPUSH', order, following)
while redis.call('LLEN', order) > tonumber(ARGV[5]) do
  redis.call('HDEL', tokens, redis.call('LPOP', order))
end
return 1
