-- Keeps a message at the next offset of its room, and tells all nodes that follow the room.
--
-- KEYS: the room's hash, its stream, its redactions, its channel; with an author also the room's
-- participants, the channel of their receipts, and those who count by `delivered`, by `read` and by
-- when they were seen; with an idempotency key that key as the last.
-- ARGV: 1 the run of this primary, 2 and 3 the epoch and the offset that the node was told ('' and
-- 0 where it does not follow the room), 4 the epoch of a room that does not exist yet, 5 '1' where
-- no answered write is ever lost, 6 how many messages the room keeps, 7 for how many ms ('' for
-- ever), 8 the envelope, 9 'append' where it may begin no room, and 'repeat' where it may keep
-- nothing; 10 '1' where the node was told so while the run of that time was the present one; 11 the
-- author or ''; with a key also 12 the digest of the body, 13 the ms that the key holds.
--
-- Gives epoch, offset and time, and 1 where that is the first answer to the key again, 2 where an
-- epoch ended; 0 where the key was used with another body; nil where nothing may be kept.
local room, stream, redactions, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local author, key = ARGV[11], ARGV[12] and KEYS[#KEYS]
local run, told_epoch, told_offset = ARGV[1], ARGV[2], tonumber(ARGV[3])
local age, envelope = tonumber(ARGV[7]), ARGV[8]
local fields = redis.call('HMGET', room, 'at', 'until', 'generation', 'participants')
local at, expires, generation, has_people = unpack(fields)
local first_answer = key and redis.call('GET', key)
if first_answer then
  local pattern = '^(%S*) (%S+) (%S+) %S* (%d+) (%d+)$'
  local of, body, epoch, offset, time = string.match(first_answer, pattern)
  if of == (generation or '') then
    if body ~= ARGV[12] then return 0 end
    return { epoch, tonumber(offset), tonumber(time), 1 }
  end
end

local epoch, former, offset, last = string.match(at or '', '^(%S+) (%S*) (%d+) (%d+)$')
offset = tonumber(offset or 0)
-- A room of which a node was told messages was begun, whatever became of them.
local is_new = offset == 0 and told_offset == 0 and not has_people
if ARGV[9] == 'repeat' or ARGV[9] == 'append' and is_new then return nil end
local clock = redis.call('TIME')
local is_followed = told_epoch == epoch and ARGV[10] == '1'
local is_another_run = run ~= former
-- An epoch ends where messages of it may be lost: a node was told more than is here; or this may be
-- another copy of the data, and the node was told nothing that speaks for it.
local is_lost = told_offset > offset and told_epoch == (epoch or ARGV[4])
  or epoch and not is_followed and is_another_run and ARGV[5] ~= '1'
if not epoch then redis.call('UNLINK', stream, redactions) end
if is_lost then
  local fresh = redis.sha1hex(table.concat({ told_epoch, run, clock[1], clock[2] }, ' '))
  epoch = string.sub(fresh, 1, 16)
end
-- Nodes that were told more than this of the former run see by it that they were overtaken.
if is_another_run then
  local redacted, earlier = unpack(redis.call('HMGET', room, 'redacted', 'formers'))
  local formers = table.concat({ former or '', offset, redacted or 0 }, ' ') .. ';'
  formers = string.match(string.sub(formers .. (earlier or ''), 1, 400), '^.*;')
  redis.call('HSET', room, 'formers', formers)
end

offset = offset + 1
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local time = string.format('%d', math.max(now, tonumber(last or 0)))
at = table.concat({ epoch or ARGV[4], run, string.format('%d', offset), time }, ' ')
redis.call('HSET', room, 'at', at)
redis.call('XADD', stream, string.format('%d-0', offset), 't', time, 'e', envelope)
-- Small messages are dropped many at once: Redis has them in blocks.
if offset % 16 == 0 or #envelope > 4096 then
  local first = tonumber(redis.call('HGET', room, 'first') or 1)
  first = math.max(first, offset - ARGV[6] + 1)
  redis.call('HSET', room, 'first', first)
  redis.call('XTRIM', stream, 'MINID', '~', first)
end

-- Quiet rooms are forgotten: what they keep at its age, their epoch a month later, unless they have
-- participants.
if age and tonumber(expires or 0) < now + age then
  local life = age + math.ceil(age / 4) + 1000
  redis.call('HSET', room, 'until', now + life)
  for _, name in ipairs({ stream, redactions }) do redis.call('PEXPIRE', name, life) end
  if not has_people then redis.call('PEXPIRE', room, life + 2592000000) end
elseif expires and not age then
  redis.call('HDEL', room, 'until')
  for _, name in ipairs({ room, stream, redactions }) do redis.call('PERSIST', name) end
end

redis.call('SPUBLISH', channel, 'm' .. at .. '\n' .. envelope)
if key then
  local answer = table.concat({ generation or '', ARGV[12], at }, ' ')
  redis.call('SET', key, answer, 'PX', ARGV[13])
end

-- Receipts of the author that stand right before the message move on to it. See move-receipts.
local row = has_people and author ~= '' and redis.call('HGET', KEYS[5], author)
if row then
  local people, receipts, by_delivered, by_read, by_seen = unpack(KEYS, 5, 9)
  local before, to = string.format('%d', offset - 1), string.format('%d', offset)
  local words = { string.match(row, '^(%d+) (%d+) (%d+) (%d+) (%d+)( .*)$') }
  local is_delivered, is_read = words[2] == before, words[3] == before
  for index = 2, 5 do if words[index] == before then words[index] = to end end
  local packed = table.concat(words, ' ', 1, 5) .. words[6]
  if packed ~= row then redis.call('HSET', people, author, packed) end
  -- Who is away or reads privately is not there.
  if is_delivered then redis.call('ZADD', by_delivered, 'XX', to, author) end
  if is_read then redis.call('ZADD', by_read, 'XX', to, author) end
  if is_delivered or is_read then
    -- None was further: only where few count are the two smallest others now.
    local oldest = redis.call('ZRANGE', by_seen, 0, 0, 'WITHSCORES')[2]
    local is_few = redis.call('ZCARD', by_read) <= 2
    if is_few or oldest and tonumber(oldest) <= now - 2592000000 then
      redis.call('SPUBLISH', receipts, 'r')
    end
  end
end
return { epoch or ARGV[4], offset, tonumber(time), is_lost and 2 or 0 }
