-- Reads on in the stream of revocations.
--
-- KEYS: 1 the stream
-- ARGV: 1 the id of the last revocation that the node knows; `0-0` where there was none
--       2 how many to read
-- Returns whether that revocation is still in the stream, the id of the last one that is, and those
-- after it.
local stream, known, count = KEYS[1], ARGV[1], ARGV[2]
local is_there = known == '0-0' or #redis.call('XRANGE', stream, known, known) > 0
local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
local after = redis.call('XRANGE', stream, '(' .. known, '+', 'COUNT', count)
return { is_there and 1 or 0, last and last[1] or '0-0', after }
