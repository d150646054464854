-- Takes a message back: its offset, time, kind and user stay.
--
-- KEYS: the room's hash, its stream, its redactions, its channel.
-- ARGV: 1 the offset, 2 the epoch that the room must have ('' for any), 3 the run of this primary.
--
-- Gives 1, or 0 where there is no such message.
local room, stream, redactions, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local at = redis.call('HGET', room, 'at') or ''
local epoch, run, newest, last = string.match(at, '^(%S+) (%S*) (%d+) (%d+)$')
if not epoch or ARGV[2] ~= '' and ARGV[2] ~= epoch then return 0 end
local entry = redis.call('XRANGE', stream, ARGV[1], ARGV[1])[1]
if not entry then return 0 end

local time, envelope = entry[2][2], entry[2][4]
local header = cjson.decode(string.sub(envelope, 1, string.find(envelope, '\n', 1, true) - 1))
redis.call('XDEL', stream, entry[1])
if run ~= ARGV[3] then
  local redacted, earlier = unpack(redis.call('HMGET', room, 'redacted', 'formers'))
  local formers = table.concat({ run, newest, redacted or 0 }, ' ') .. ';'
  formers = string.match(string.sub(formers .. (earlier or ''), 1, 400), '^.*;')
  at = table.concat({ epoch, ARGV[3], newest, last }, ' ')
  redis.call('HSET', room, 'at', at, 'formers', formers)
end
-- By its offset for pages, by its number for followers that missed it.
local number = redis.call('HINCRBY', room, 'redacted', 1)
local left = time .. ' ' .. cjson.encode({ header[1], header[2] }) .. '\n'
redis.call('HSET', redactions, ARGV[1], left, 'n' .. number, ARGV[1])
local life = redis.call('PTTL', stream)
if life > 0 then redis.call('PEXPIRE', redactions, life) end
redis.call('SPUBLISH', channel, table.concat({ 'r' .. epoch, number, ARGV[1] }, ' '))
return 1
