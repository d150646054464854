-- Takes one token of each bucket, or none of any where one of them is empty.
-- KEYS: the buckets. ARGV, for each of them: how many tokens it holds, and the milliseconds in
-- which one of them comes back.
-- A bucket is kept as the time at which it is full again, and is gone from then on.
-- Returns 0, or the milliseconds until there is a token in the first bucket that has none.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local full = {}
for i, key in ipairs(KEYS) do
  local most, every = tonumber(ARGV[i * 2 - 1]), tonumber(ARGV[i * 2])
  full[i] = math.max(now, tonumber(redis.call('GET', key) or 0)) + every
  local wait = full[i] - now - most * every
  -- Times are rounded to microseconds, so a bucket may seem to lack some of a token.
  if wait > 0.01 then return math.ceil(wait) end
end
for i, key in ipairs(KEYS) do
  local left = math.max(1, math.ceil(full[i] - now))
  redis.call('SET', key, string.format('%.3f', full[i]), 'PX', string.format('%d', left))
end
return 0
