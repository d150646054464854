-- KEYS: the participants of a room. ARGV: how many may be listed.
-- Gives the time, and each user with what is kept of them; nil where there are more.
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[1]) then return nil end
local clock = redis.call('TIME')
return { clock[1] * 1000 + math.floor(clock[2] / 1000), redis.call('HGETALL', KEYS[1]) }
