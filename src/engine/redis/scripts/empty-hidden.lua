-- Deletes what hidden messages of some users said, in a part of a room.
--
-- KEYS: the room's hash, its stream, its redactions, its channel.
-- ARGV: 1 the offset that the part comes after, 2 how many messages it has; then users, and after
-- each the number of its redaction: messages with a lower one are hidden.
--
-- Gives the last offset of the part, or 0 at the end of the room.
local room, stream, redactions, channel = unpack(KEYS)
local count = tonumber(ARGV[2])
local numbers = {}
for index = 3, #ARGV, 2 do numbers[ARGV[index]] = tonumber(ARGV[index + 1]) end

local at, before = unpack(redis.call('HMGET', room, 'at', 'redacted'))
if not at then return 0 end
local epoch = string.match(at, '^%S+')
local number = tonumber(before or 0)
local entries = redis.call('XRANGE', stream, '(' .. ARGV[1], '+', 'COUNT', count)
for _, entry in ipairs(entries) do
  local time, envelope = entry[2][2], entry[2][4]
  local header = cjson.decode(string.sub(envelope, 1, string.find(envelope, '\n', 1, true) - 1))
  local hiding = numbers[header[2]]
  if hiding and header[3] < hiding then
    local offset = string.match(entry[1], '^%d+')
    number = number + 1
    redis.call('XDEL', stream, entry[1])
    local left = time .. ' ' .. cjson.encode({ header[1], header[2] }) .. '\n'
    redis.call('HSET', redactions, offset, left, 'n' .. number, 'u' .. offset)
  end
end

if number > tonumber(before or 0) then
  redis.call('HSET', room, 'redacted', number)
  local life = redis.call('PTTL', stream)
  if life > 0 then redis.call('PEXPIRE', redactions, life) end
  redis.call('SPUBLISH', channel, table.concat({ 'c' .. epoch, before or 0, number }, ' '))
end
if #entries < count then return 0 end
return tonumber(string.match(entries[count][1], '^%d+'))
