-- Compares what a node was told of a room with what is here. Where less is here, the room gets a
-- new epoch, and its followers are told to look; else the present run of this primary is noted.
--
-- KEYS: the room's hash, its channel, that of its receipts.
-- ARGV: 1, 2 and 3 the epoch, offset and run that the node was told; 4 the present run; then epochs
-- that have ended.
--
-- Gives the fields of the state.
local room, channel, receipts = KEYS[1], KEYS[2], KEYS[3]
local told_epoch, told_offset, told_run, run = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local fields = { 'at', 'formers', 'redacted', 'first' }
local state = redis.call('HMGET', room, unpack(fields))
local epoch, of_run, offset, time = string.match(state[1] or '', '^(%S+) (%S*) (%d+) (%d+)$')
offset = tonumber(offset or 0)
local is_ended = false
for index = 5, #ARGV do is_ended = is_ended or ARGV[index] == epoch end
if epoch and epoch ~= told_epoch and not is_ended then return state end

-- In each other run the room went on with what it had by then: messages after that were lost.
local kept, earlier = offset, state[2] or ''
local is_known = not epoch or of_run == told_run
for former, since in string.gmatch(earlier, '([^ ;]*) (%d+) %d+;') do
  if is_known then break end
  kept = math.min(kept, tonumber(since))
  is_known = former == told_run
end
if not is_known then kept = 0 end
if is_ended or told_offset > kept then
  local clock = redis.call('TIME')
  local fresh = redis.sha1hex(table.concat({ told_epoch, run, clock[1], clock[2] }, ' '))
  local at = { string.sub(fresh, 1, 16), run, offset, time or 0 }
  redis.call('HSET', room, 'at', table.concat(at, ' '))
  redis.call('HDEL', room, 'formers')
  if not epoch then redis.call('PEXPIRE', room, 2592000000) end
  redis.call('SPUBLISH', channel, 'n')
  redis.call('SPUBLISH', receipts, 'r')
elseif epoch and of_run ~= run then
  local formers = table.concat({ of_run, offset, state[3] or 0 }, ' ') .. ';'
  formers = string.match(string.sub(formers .. earlier, 1, 400), '^.*;')
  local at = table.concat({ epoch, run, offset, time }, ' ')
  redis.call('HSET', room, 'at', at, 'formers', formers)
end
return redis.call('HMGET', room, unpack(fields))
