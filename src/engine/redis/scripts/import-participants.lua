-- Writes some participants of a room that came from another store before.
--
-- KEYS: as of move-receipts, without the channel. ARGV: each user, and what is kept of them.
-- Gives 0 where the room did not come before.
local room, people, by_joined, by_delivered, by_read, by_seen = unpack(KEYS)
if redis.call('HEXISTS', room, 'at') == 0 then return 0 end
redis.call('HSET', room, 'participants', 1)
redis.call('PERSIST', room)
for index = 1, #ARGV, 2 do
  local user, row = ARGV[index], ARGV[index + 1]
  local pattern = '^(%d+) (%d+) (%d+) %d+ %d+ (%d) (%d+)'
  local joined, delivered, read, private, seen = string.match(row, pattern)
  redis.call('HSET', people, user, row)
  redis.call('ZADD', by_joined, joined, user)
  redis.call('ZADD', by_delivered, delivered, user)
  redis.call('ZADD', by_seen, seen, user)
  if private == '0' then redis.call('ZADD', by_read, read, user) end
end
return 1
