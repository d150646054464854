-- Keeps a message at the next offset of its room, and tells all nodes that follow the room.
--
-- KEYS: the room's hash, its stream, its redactions, its channel; with an idempotency key also that
-- key, and the generation of the room's keys.
-- ARGV: 1 the run of this primary, 2 and 3 the epoch and the offset that the node was told ('' and
-- 0 where it does not follow the room), 4 the epoch of a room that does not exist yet, 5 '1' where
-- no answered write is ever lost, 6 how many messages the room keeps, 7 for how many ms ('' for
-- ever), 8 the envelope, 9 'append' where it may begin no room, and 'repeat' where it may keep
-- nothing; with a key also 10 the digest of the body, 11 the ms that the key holds.
--
-- Gives epoch, offset and time, and 1 where that is the first answer to the key again; 0 where the
-- key was used with another body; nil where nothing may be kept.
local room, stream, redactions, channel, key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local run, told_epoch, told_offset = ARGV[1], ARGV[2], tonumber(ARGV[3])
local age = tonumber(ARGV[7])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local generation = ''
if key then
  generation = redis.call('GET', KEYS[6]) or ''
  local first = redis.call('GET', key)
  if first then
    local of, body, epoch, offset, time = string.match(first, '^(%S*) (%S+) (%S+) (%d+) (%d+)$')
    if of == generation then
      if body ~= ARGV[10] then return 0 end
      return { epoch, tonumber(offset), tonumber(time), 1 }
    end
  end
end

local state = redis.call('HMGET', room, 'epoch', 'offset', 'run', 'first', 'time', 'until')
local epoch, offset = state[1], tonumber(state[2] or 0)
-- A room of which a node was told messages was begun, whatever became of them.
local is_new = offset == 0 and told_offset == 0
if ARGV[9] == 'repeat' or ARGV[9] == 'append' and is_new then return nil end
local is_followed = told_epoch == epoch
local is_another_run = run ~= state[3]
-- An epoch ends where messages of it may be lost: a node was told more than is here; or this may be
-- another copy of the data, and the node was told nothing that speaks for it.
local is_lost = told_offset > offset and told_epoch == (epoch or ARGV[4])
  or epoch and not is_followed and is_another_run and ARGV[5] ~= '1'
if not epoch then redis.call('UNLINK', stream, redactions) end
if is_lost then
  local fresh = redis.sha1hex(table.concat({ told_epoch, run, clock[1], clock[2] }, ' '))
  epoch = string.sub(fresh, 1, 16)
end
epoch = epoch or ARGV[4]
if epoch ~= state[1] then redis.call('HSET', room, 'epoch', epoch) end
-- Nodes that were told more than this of the former run see by it that they were overtaken.
if is_another_run then
  redis.call('HSET', room, 'run', run, 'former', state[3] or '', 'since', offset,
    'since_redacted', redis.call('HGET', room, 'redacted') or 0)
end

offset = offset + 1
local first = math.max(tonumber(state[4] or 1), offset - ARGV[6] + 1)
local time = math.max(now, tonumber(state[5] or 0))
redis.call('HSET', room, 'offset', offset, 'time', time, 'first', first)
redis.call('XADD', stream, 'MINID', '~', first, offset .. '-0', 't', time, 'e', ARGV[8])

-- Quiet rooms are forgotten: what they keep at its age, their epoch a month later.
if age and tonumber(state[6] or 0) < now + age then
  local life = age + math.ceil(age / 4) + 1000
  redis.call('HSET', room, 'until', now + life)
  redis.call('PEXPIRE', stream, life)
  redis.call('PEXPIRE', redactions, life)
  redis.call('PEXPIRE', room, life + 2592000000)
elseif state[6] and not age then
  redis.call('HDEL', room, 'until')
  for _, name in ipairs({ room, stream, redactions }) do redis.call('PERSIST', name) end
end

local line = table.concat({ 'm' .. epoch, run, offset, time }, ' ')
redis.call('SPUBLISH', channel, line .. '\n' .. ARGV[8])
if key then
  local answer = table.concat({ generation, ARGV[10], epoch, offset, time }, ' ')
  redis.call('SET', key, answer, 'PX', ARGV[11])
  if generation ~= '' then redis.call('PEXPIRE', KEYS[6], 172800000) end
end
return { epoch, offset, time }
