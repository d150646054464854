-- Takes of what a user or an address may use of a day (UTC): what is needed, or a larger portion
-- while much is left.
-- KEYS: what was used today, and the same of the /48 if there is one.
-- ARGV: the field, how much is needed, the size of a portion, and the most of each of KEYS.
-- Gives how much was taken, 0 where so much is not left, the milliseconds until midnight, and 1
-- near the end, where no node may hold what another could use.
local field, needed, portion = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local day_left = 86400000 - (time[1] * 1000 + math.floor(time[2] / 1000)) % 86400000
local left = math.huge
for i, key in ipairs(KEYS) do
  left = math.min(left, ARGV[3 + i] - (redis.call('HGET', key, field) or 0))
end
local is_near_end = portion == 0 or left < 10 * portion
if left < needed then return { 0, day_left, 1 } end
local taken = is_near_end and needed or math.max(needed, portion)
for _, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, field, string.format('%d', taken))
  redis.call('PEXPIRE', key, day_left)
end
return { taken, day_left, is_near_end and 1 or 0 }
