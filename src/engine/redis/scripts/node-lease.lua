-- Renews, begins, or ends the lease of a node, and tells which nodes have one now.
--
-- KEYS: 1 the leases: a sorted set of nodes by the time at which each lapses
--       2 when this script ran last
--       3 and 4 who moves the store, and the import that filled it or was cut off: while the store
--       is moved, or is half one, no node may begin
--       5 a mark that is another one whenever other nodes have leases
-- ARGV: 1 what to do: `begin`, `renew` or `end`
--       2 the node
--       3 the milliseconds that a lease lasts
--       4 the milliseconds after which it is Redis that was away, and not the nodes
--       5 the milliseconds that nodes have to renew then
--       6 the mark that the node knows
-- Returns whether the node has a lease (-1 where it may not begin), the mark, and all nodes that
-- have one; nothing instead of these where the node knows them, since there may be many.
local what, node = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = tonumber(redis.call('GET', KEYS[2]) or now)

-- Living nodes run this script all the time. Where none did, or the clock of Redis was set back,
-- no lease has lapsed by the fault of its node.
if now < last or now - last > tonumber(ARGV[4]) then
  for _, each in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    redis.call('ZADD', KEYS[1], now + ARGV[5], each)
  end
end
redis.call('SET', KEYS[2], now)

local function set_mark()
  redis.call('SET', KEYS[5], time[1] .. '.' .. time[2] .. ' ' .. node)
end

if redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now) > 0 then set_mark() end

local held = redis.call('ZSCORE', KEYS[1], node)
local lapses = now + ARGV[3]
if what == 'end' then
  if redis.call('ZREM', KEYS[1], node) > 0 then set_mark() end
elseif what == 'begin' and (redis.call('EXISTS', KEYS[3]) == 1
    or string.find(redis.call('GET', KEYS[4]) or '', '^begun')) then
  return { -1, '', {} }
elseif what == 'begin' and not held then
  redis.call('ZADD', KEYS[1], lapses, node)
  set_mark()
  held = true
elseif what == 'begin' then
  -- Another node has this id.
  held = false
elseif what == 'renew' and held then
  redis.call('ZADD', KEYS[1], 'GT', lapses, node)
end
if redis.call('EXISTS', KEYS[5]) == 0 then set_mark() end
local mark = redis.call('GET', KEYS[5])
local is_known = mark == ARGV[6]
return { held and 1 or 0, mark, not is_known and redis.call('ZRANGE', KEYS[1], 0, -1) }
