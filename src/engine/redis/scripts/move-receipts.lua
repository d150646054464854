-- Moves the receipts of a user in a room, one move after the other, and makes them a participant.
--
-- KEYS: the room's hash, its participants, the channel of its receipts; then those who count by
-- `joined`, by `delivered`, by `read` (without who reads privately), and by when they were seen.
-- ARGV: 1 the run of this primary, 2 the epoch of a room that does not exist yet, 3 'known' where
-- the user may not become a participant, 'append' where they may begin no room, 4 the user, 5 '='
-- and their name, or '-'; then for each move delivered and read ('' for none), '1' for a private
-- one.
--
-- Gives 0 where they were a participant, 1 where they became one, 2 where the room began with them;
-- then their own delivered and read after each move. Nil where they are none and may not be.
local room, people, channel, by_joined, by_delivered, by_read, by_seen = unpack(KEYS)
local user, name = ARGV[4], ARGV[5]
local at, has_people = unpack(redis.call('HMGET', room, 'at', 'participants'))
local head = tonumber(string.match(at or '', '(%d+) %d+$') or 0)
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local away = now - 2592000000

local row = has_people and redis.call('HGET', people, user)
local kind, joined, delivered, read, own_delivered, own_read, private, seen, came, former_name
if row then
  local pattern = '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d) (%d+) (%d+) (.*)$'
  local words = { string.match(row, pattern) }
  former_name = words[9]
  for index = 1, 8 do words[index] = tonumber(words[index]) end
  joined, delivered, read, own_delivered, own_read, private, seen, came = unpack(words)
  kind = 0
else
  kind = (head > 0 or has_people) and 1 or 2
  if ARGV[3] == 'known' or ARGV[3] == 'append' and kind == 2 then return nil end
  local reached = math.max(tonumber(ARGV[6]) or 0, tonumber(ARGV[7]) or 0)
  joined = (head > 0 and reached >= head and ARGV[8] ~= '1') and head - 1 or head
  delivered, read, own_delivered, own_read, private = joined, joined, joined, joined, 0
  seen, came, former_name = 0, now, '-'
  if not at then redis.call('HSET', room, 'at', ARGV[2] .. ' ' .. ARGV[1] .. ' 0 0') end
  -- A room that has participants is not forgotten.
  if not has_people then
    redis.call('UNLINK', people, by_joined, by_delivered, by_read, by_seen)
    redis.call('HSET', room, 'participants', 1)
    redis.call('PERSIST', room)
  end
end

local was_delivered, was_read, was_private = delivered, read, private
local answer, has_moved = { kind }, kind > 0
for index = 6, #ARGV, 3 do
  local to_read = math.min(tonumber(ARGV[index + 1]) or 0, head)
  local to_delivered = math.max(math.min(tonumber(ARGV[index]) or 0, head), to_read)
  local is_private = ARGV[index + 2] == '1'
  has_moved = has_moved or ARGV[index] ~= '' or ARGV[index + 1] ~= ''
  own_delivered = math.max(own_delivered, to_delivered)
  own_read = math.max(own_read, to_read)
  if ARGV[index + 1] ~= '' then private = is_private and 1 or 0 end
  if not is_private then
    delivered, read = math.max(delivered, to_delivered), math.max(read, to_read)
  end
  answer[#answer + 1], answer[#answer + 2] = own_delivered, own_read
end
if not has_moved then return answer end

local is_back = seen <= away
local is_noted = seen > now - 3600000 and seen <= now
if not is_noted then seen = now end
if name == '-' then name = former_name end
local words = { joined, delivered, read, own_delivered, own_read, private, seen, came, name }
local packed = table.concat(words, ' ')
if packed == row then return answer end
redis.call('HSET', people, user, packed)
if not is_noted then redis.call('ZADD', by_seen, seen, user) end
if is_back then redis.call('ZADD', by_joined, joined, user) end
if is_back or delivered ~= was_delivered then redis.call('ZADD', by_delivered, delivered, user) end
if private == 1 then
  if was_private == 0 then redis.call('ZREM', by_read, user) end
elseif is_back or was_private == 1 or read ~= was_read then
  redis.call('ZADD', by_read, read, user)
end

-- One who was there changes the two smallest where the second is above what they have left.
local function is_felt(by, before, after)
  if before == after then return false end
  local second = redis.call('ZRANGE', by, 1, 1, 'WITHSCORES')[2]
  return not second or tonumber(second) > before
end
-- Those who went away meanwhile count as long as the sums were not asked for, and may hide it.
local function is_hidden()
  local oldest = redis.call('ZRANGE', by_seen, 0, 0, 'WITHSCORES')[2]
  return oldest and tonumber(oldest) <= away
end
local is_shown = delivered ~= was_delivered or private == 0 and read ~= was_read
if is_back or private ~= was_private or is_felt(by_delivered, was_delivered, delivered)
  or private == 0 and is_felt(by_read, was_read, read) or is_shown and is_hidden() then
  redis.call('SPUBLISH', channel, 'r')
end
return answer
