-- Notes that a participant is connected, once in an hour. One who is away stays away.
--
-- KEYS: the participants of a room, those who count by when they were seen. ARGV: the user.
-- Gives 1 where it was noted.
local people, by_seen = KEYS[1], KEYS[2]
local row = redis.call('HGET', people, ARGV[1]) or ''
local receipts, seen, rest = string.match(row, '^(%d+ %d+ %d+ %d+ %d+ %d) (%d+)( .*)$')
if not seen then return 0 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
seen = tonumber(seen)
if seen <= now - 2592000000 or seen > now - 3600000 and seen <= now then return 0 end
redis.call('HSET', people, ARGV[1], receipts .. ' ' .. now .. rest)
redis.call('ZADD', by_seen, now, ARGV[1])
return 1
