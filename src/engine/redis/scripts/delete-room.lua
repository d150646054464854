-- Deletes what is kept of a room: its next message begins another epoch at offset 1.
--
-- KEYS: the room's hash, its stream, its redactions, the generation of the keys of messages that
-- were not kept, its channel. ARGV: the run of this primary.
--
-- Gives 1, or 0 where no message of the room was kept.
local room, stream, redactions, generation, channel = unpack(KEYS)
local run = ARGV[1]
-- Keys of former generations count no more; this outlives all of them, as the room's hash does.
redis.call('INCR', generation)
redis.call('PEXPIRE', generation, 172800000)
local at = redis.call('HGET', room, 'at') or ''
local epoch, offset, time = string.match(at, '^(%S+) %S* (%d+) (%d+)$')
if not epoch or offset == '0' then return 0 end

local clock = redis.call('TIME')
local fresh = redis.sha1hex(table.concat({ epoch, run, clock[1], clock[2] }, ' '))
fresh = string.sub(fresh, 1, 16)
redis.call('UNLINK', stream, redactions)
redis.call('HSET', room, 'at', table.concat({ fresh, run, 0, time }, ' '), 'first', 1)
redis.call('HINCRBY', room, 'generation', 1)
redis.call('HDEL', room, 'formers', 'redacted', 'swept', 'until')
redis.call('PEXPIRE', room, 2592000000)
redis.call('SPUBLISH', channel, table.concat({ 'd' .. epoch, offset, fresh, run }, ' '))
return 1
