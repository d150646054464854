-- A user belongs to a room no longer.
--
-- KEYS: as of move-receipts. ARGV: the user. Gives 1, or 0 where they were no participant.
local room, people, channel, by_joined, by_delivered, by_read, by_seen = unpack(KEYS)
if redis.call('HDEL', people, ARGV[1]) == 0 then return 0 end
for _, by in ipairs({ by_joined, by_delivered, by_read, by_seen }) do
  redis.call('ZREM', by, ARGV[1])
end
redis.call('SPUBLISH', channel, 'r')
if redis.call('EXISTS', people) == 1 then return 1 end

-- The room is forgotten as any other: a month after the last message that it keeps.
redis.call('HDEL', room, 'participants')
local at, expires = unpack(redis.call('HMGET', room, 'at', 'until'))
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local is_empty = string.match(at or '', '(%d+) %d+$') == '0'
if expires or is_empty then
  redis.call('PEXPIREAT', room, math.max(now, tonumber(expires or 0)) + 2592000000)
end
return 1
