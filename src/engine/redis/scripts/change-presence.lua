-- Makes changes of who is in a room, in their order, and tells those that changed something.
--
-- KEYS: 1 the entries: a hash by `node|connection`
-- ARGV: 1 the channel on which the room's watchers hear of changes
--       2 the milliseconds after which the entries go, unless a node has confirmed its own
--       3, 4 and on: a field, and its entry, which is empty for a connection that leaves
local told = {}
for i = 3, #ARGV, 2 do
  local field, entry = ARGV[i], ARGV[i + 1]
  local former = redis.call('HGET', KEYS[1], field)
  if entry == '' and former then
    redis.call('HDEL', KEYS[1], field)
    told[#told + 1] = '-' .. field .. ' ' .. former
  elseif entry ~= '' and entry ~= former then
    redis.call('HSET', KEYS[1], field, entry)
    told[#told + 1] = '+' .. field .. ' ' .. entry
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if #told > 0 then redis.call('SPUBLISH', ARGV[1], table.concat(told, '\n')) end
