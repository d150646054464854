-- Deletes what is kept of a room: its next message begins another epoch at offset 1.
--
-- KEYS: the room's hash, its stream, its redactions, the generation of the keys of messages that
-- were not kept, its channel; the channel of its receipts, and all that is kept of them.
-- ARGV: the run of this primary.
--
-- Gives 1, or 0 where no message of the room was kept and it had no participant.
local room, stream, redactions, generation, channel, receipts = unpack(KEYS)
local run = ARGV[1]
-- Keys of former generations count no more; this outlives all of them, as the room's hash does.
redis.call('INCR', generation)
redis.call('PEXPIRE', generation, 172800000)
local at, has_people = unpack(redis.call('HMGET', room, 'at', 'participants'))
local epoch, offset, time = string.match(at or '', '^(%S+) %S* (%d+) (%d+)$')
if not epoch or offset == '0' and not has_people then return 0 end

local clock = redis.call('TIME')
local fresh = redis.sha1hex(table.concat({ epoch, run, clock[1], clock[2] }, ' '))
fresh = string.sub(fresh, 1, 16)
redis.call('UNLINK', stream, redactions, unpack(KEYS, 7))
redis.call('HSET', room, 'at', table.concat({ fresh, run, 0, time }, ' '), 'first', 1)
redis.call('HINCRBY', room, 'generation', 1)
redis.call('HDEL', room, 'formers', 'redacted', 'swept', 'until', 'participants')
redis.call('PEXPIRE', room, 2592000000)
redis.call('SPUBLISH', channel, table.concat({ 'd' .. epoch, offset, fresh, run }, ' '))
redis.call('SPUBLISH', receipts, 'r')
return 1
