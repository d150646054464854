-- Deletes the oldest messages of a room that are too old, and what is left of messages that were
-- redacted and are not shown any more. A part at a time: it runs again after some more messages.
--
-- KEYS: the room's hash, its stream, its redactions. ARGV: the ms that messages are kept, or ''.
local room, stream, redactions = KEYS[1], KEYS[2], KEYS[3]
local age = tonumber(ARGV[1])
local at, first, swept = unpack(redis.call('HMGET', room, 'at', 'first', 'swept'))
if not at then return end
first = tonumber(first or 1)
if age then
  local clock = redis.call('TIME')
  local since = clock[1] * 1000 + math.floor(clock[2] / 1000) - age
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', 256)) do
    if tonumber(entry[2][2]) >= since then break end
    first = math.max(first, tonumber(string.match(entry[1], '^%d+')) + 1)
  end
  redis.call('HSET', room, 'first', first)
  redis.call('XTRIM', stream, 'MINID', '~', first)
end

-- In the order of the redactions: one that is still shown holds up those after it for a while.
-- Where a room was imported, numbers may begin below 0.
local number = tonumber(swept or 0)
for _ = 1, 256 do
  local name = 'n' .. number + 1
  local offset = redis.call('HGET', redactions, name)
  if not offset or tonumber(string.match(offset, '%d+')) >= first then break end
  redis.call('HDEL', redactions, name, string.match(offset, '%d+'))
  number = number + 1
end
if number ~= tonumber(swept or 0) then redis.call('HSET', room, 'swept', number) end
