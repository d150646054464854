-- Holds the store for a command that moves it, while no node lives. Nodes do not begin meanwhile.
--
-- KEYS: 1 the leases of nodes, 2 who holds the store, 3 the import that filled it, or was cut off
-- ARGV: 1 who wants to hold it, 2 for how many milliseconds; 0 ends it
-- Returns 'nodes' where one lives, 'held' where another command holds it, else 'free'; then the
-- import.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local import = redis.call('GET', KEYS[3]) or ''
local holder = redis.call('GET', KEYS[2])
if ARGV[2] == '0' then
  if holder == ARGV[1] then redis.call('DEL', KEYS[2]) end
  return { 'free', import }
end
if redis.call('ZCOUNT', KEYS[1], now, '+inf') > 0 then return { 'nodes', import } end
if holder and holder ~= ARGV[1] then return { 'held', import } end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return { 'free', import }
