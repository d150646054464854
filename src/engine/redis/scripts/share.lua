-- Shares a message that is not kept, once for its idempotency key.
--
-- KEYS: the room's channel, the key, the generation of the room's keys.
-- ARGV: 1 the digest of the body, 2 for how many ms the key holds, 3 the envelope, 4 'repeat' where
-- no new key may be kept.
--
-- Gives the time, and 1 where that is the first answer to the key again; 0 where the key was used
-- with another body; nil where the key is new and may not be kept.
local channel, key = KEYS[1], KEYS[2]
local generation = redis.call('GET', KEYS[3]) or ''
local first = redis.call('GET', key)
if first then
  local of, body, time = string.match(first, '^(%S*) (%S+) (%d+)$')
  if of == generation then
    if body ~= ARGV[1] then return 0 end
    return { tonumber(time), 1 }
  end
end
if ARGV[4] == 'repeat' then return nil end
local clock = redis.call('TIME')
local time = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('SET', key, table.concat({ generation, ARGV[1], time }, ' '), 'PX', ARGV[2])
-- The generation outlives each key that was used in it.
if generation ~= '' then redis.call('PEXPIRE', KEYS[3], 172800000) end
redis.call('SPUBLISH', channel, 'e' .. time .. '\n' .. ARGV[3])
return { time }
