-- Takes a message back: its offset, time, kind and user stay.
--
-- KEYS: the room's hash, its stream, its redactions, its channel, that of its receipts.
-- ARGV: 1 the offset, 2 the epoch that the room must have ('' for any), 3 the run of this primary,
-- 4 and 5 the epoch and the offset that the node was told ('' and 0 where it does not follow the
-- room), 6 '1' where the node was told so while the run of that time was the present one, 7 '1'
-- where no answered write is ever lost.
--
-- Gives 1, or 0 where there is no such message.
local room, stream, redactions, channel, receipts = unpack(KEYS)
local told_epoch, told_offset = ARGV[4], tonumber(ARGV[5])
local at = redis.call('HGET', room, 'at') or ''
local epoch, run, newest, last = string.match(at, '^(%S+) (%S*) (%d+) (%d+)$')
if not epoch or ARGV[2] ~= '' and ARGV[2] ~= epoch then return 0 end
local entry = redis.call('XRANGE', stream, ARGV[1], ARGV[1])[1]
if not entry then return 0 end

local time, envelope = entry[2][2], entry[2][4]
local header = cjson.decode(string.sub(envelope, 1, string.find(envelope, '\n', 1, true) - 1))
redis.call('XDEL', stream, entry[1])
-- The epoch ends as with a message that is appended: else the run would be noted, and the next
-- node that was told nothing would go on in an epoch that has lost its newest messages.
local is_another_run, is_followed = run ~= ARGV[3], told_epoch == epoch and ARGV[6] == '1'
if told_epoch == epoch and told_offset > tonumber(newest)
  or is_another_run and not is_followed and ARGV[7] ~= '1' then
  local clock = redis.call('TIME')
  local fresh = redis.sha1hex(table.concat({ told_epoch, ARGV[3], clock[1], clock[2] }, ' '))
  epoch = string.sub(fresh, 1, 16)
  redis.call('SPUBLISH', receipts, 'r')
end
if is_another_run then
  local redacted, earlier = unpack(redis.call('HMGET', room, 'redacted', 'formers'))
  local formers = table.concat({ run, newest, redacted or 0 }, ' ') .. ';'
  formers = string.match(string.sub(formers .. (earlier or ''), 1, 400), '^.*;')
  redis.call('HSET', room, 'formers', formers)
end
redis.call('HSET', room, 'at', table.concat({ epoch, ARGV[3], newest, last }, ' '))
-- By its offset for pages, by its number for followers that missed it.
local number = redis.call('HINCRBY', room, 'redacted', 1)
local left = time .. ' ' .. cjson.encode({ header[1], header[2] }) .. '\n'
redis.call('HSET', redactions, ARGV[1], left, 'n' .. number, ARGV[1])
local life = redis.call('PTTL', stream)
if life > 0 then redis.call('PEXPIRE', redactions, life) end
redis.call('SPUBLISH', channel, table.concat({ 'r' .. epoch, number, ARGV[1] }, ' '))
return 1
