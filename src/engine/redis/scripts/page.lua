-- Reads what a room keeps: its state, the oldest offset that is shown, and some messages.
--
-- KEYS: the room's hash, its stream, its redactions.
-- ARGV: 1 how many messages the room keeps, 2 for how many ms ('' for ever), 3 and 4 the offsets
-- that all messages come after and before ('' for no bound), 5 how many, 6 how many bytes of
-- payload, 7 'asc' or 'desc'.
--
-- Gives the fields of the state, the oldest offset, and a list with four elements for each message:
-- offset, time, whether it was redacted, and its envelope.
local room, stream, redactions = KEYS[1], KEYS[2], KEYS[3]
local age, limit, most_bytes = tonumber(ARGV[2]), tonumber(ARGV[5]), tonumber(ARGV[6])
local fields = { 'at', 'formers', 'redacted', 'first' }
local state = redis.call('HMGET', room, unpack(fields))
local newest = tonumber(string.match(state[1] or '', '(%d+) %d+$') or 0)

-- A message that was redacted is not in the stream any more; what is left of it has its time too.
local function tombstone(offset)
  local left = redis.call('HGET', redactions, offset)
  if not left then return nil end
  local space = string.find(left, ' ', 1, true)
  return tonumber(string.sub(left, 1, space - 1)), string.sub(left, space + 1)
end

local function time_of(offset)
  local entry = redis.call('XRANGE', stream, offset, offset)[1]
  return entry and tonumber(entry[2][2]) or tombstone(offset) or 0
end

local oldest = math.max(tonumber(state[4] or 1), newest - ARGV[1] + 1)
if newest > 0 and redis.call('EXISTS', stream) == 0 then oldest = newest + 1 end
if age and oldest <= newest then
  local clock = redis.call('TIME')
  local since = clock[1] * 1000 + math.floor(clock[2] / 1000) - age
  -- Times never go back in a room, so the first message that is young enough is found by halves.
  local low, high = oldest, newest + 1
  if time_of(low) >= since then high = low end
  while low < high do
    local middle = math.floor((low + high) / 2)
    if time_of(middle) >= since then high = middle else low = middle + 1 end
  end
  oldest = low
end

local list, count, bytes = {}, 0, 0
local low = math.max(tonumber(ARGV[3]) or 0, oldest - 1) + 1
local high = math.min(tonumber(ARGV[4]) or newest + 1, newest + 1) - 1
local is_ascending = ARGV[7] == 'asc'

-- False where the page is full.
local function add(offset, time, envelope, is_redacted)
  if count == limit then return false end
  local payload = is_redacted == 1 and 0 or #envelope - string.find(envelope, '\n', 1, true)
  if count > 0 and bytes + payload > most_bytes then return false end
  for _, value in ipairs({ offset, time, is_redacted, envelope }) do list[#list + 1] = value end
  count, bytes = count + 1, bytes + payload
  return true
end

local at, step = is_ascending and low or high, is_ascending and 1 or -1
local is_open = limit > 0
local function tombstones_to(offset)
  while is_open and at ~= offset do
    local time, header = tombstone(at)
    if time then is_open = add(at, time, header, 1) end
    at = at + step
  end
end

while is_open and at >= low and at <= high do
  -- A few at a time: of large messages a page has less than its limit.
  local some = is_ascending and redis.call('XRANGE', stream, at, high, 'COUNT', 32)
    or redis.call('XREVRANGE', stream, at, low, 'COUNT', 32)
  for _, entry in ipairs(some) do
    local offset = tonumber(string.match(entry[1], '^%d+'))
    tombstones_to(offset)
    is_open = is_open and add(offset, tonumber(entry[2][2]), entry[2][4], 0)
    at = offset + step
  end
  if #some < 32 then tombstones_to(is_ascending and high + 1 or low - 1) end
end
state[5], state[6] = oldest, list
return state
