-- Writes a part of a room that comes from another store. The room itself is written with its last
-- part, so that one that was cut off is not there.
--
-- KEYS: the room's hash, its stream, its redactions.
-- ARGV: 1 '1' in the first part: what a former import left is deleted; 2 for how many ms the room
-- keeps messages ('' for ever); 3 how many arguments are fields of the room's hash and their
-- values: none before the last part; these; then four for each entry:
--   'message', offset, time, envelope
--   'tombstone', offset, time, the header that is left of an envelope
--   'redaction', offset, its number, ''
local room, stream, redactions = KEYS[1], KEYS[2], KEYS[3]
local age, count = tonumber(ARGV[2]), tonumber(ARGV[3])
if ARGV[1] == '1' then redis.call('DEL', room, stream, redactions) end

for at = 4 + count, #ARGV, 4 do
  local what, offset, number, bytes = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  if what == 'redaction' then
    redis.call('HSET', redactions, 'n' .. number, offset)
  else
    redis.call('XADD', stream, offset .. '-0', 't', number, 'e', bytes)
  end
  -- The stream is there also where each of its messages was taken back.
  if what == 'tombstone' then
    redis.call('XDEL', stream, offset .. '-0')
    redis.call('HSET', redactions, offset, number .. ' ' .. bytes)
  end
end

if count == 0 then return end
redis.call('HSET', room, unpack(ARGV, 4, 3 + count))
if redis.call('EXISTS', stream) == 0 then
  -- As one that was deleted: its epoch is forgotten after a month.
  redis.call('PEXPIRE', room, 2592000000)
elseif age then
  local clock = redis.call('TIME')
  local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
  local life = age + math.ceil(age / 4) + 1000
  redis.call('HSET', room, 'until', now + life)
  redis.call('PEXPIRE', stream, life)
  redis.call('PEXPIRE', redactions, life)
  redis.call('PEXPIRE', room, life + 2592000000)
end
