-- The two smallest offsets of each kind, over the participants of a room who are not away. Those
-- who went away since it was asked last are taken out, some at a time.
--
-- KEYS: as of move-receipts, without the channel. ARGV: how many participants are looked at.
--
-- Gives where the room stands and how many participants it has; then the scores of the two smallest
-- `joined`, `delivered` and `read`, each after its user, or nil where there are too many; 0 for
-- these where more have gone away: then it is asked again.
local room, people, by_joined, by_delivered, by_read, by_seen = unpack(KEYS)
local answer = { redis.call('HGET', room, 'at'), redis.call('HLEN', people) }
if answer[2] > tonumber(ARGV[1]) then return answer end
local clock = redis.call('TIME')
local away = clock[1] * 1000 + math.floor(clock[2] / 1000) - 2592000000
local gone = redis.call('ZRANGE', by_seen, '-inf', away, 'BYSCORE', 'LIMIT', 0, 1000)
if #gone > 0 then
  for _, by in ipairs({ by_joined, by_delivered, by_read, by_seen }) do
    redis.call('ZREM', by, unpack(gone))
  end
  if #gone == 1000 then
    answer[3] = 0
    return answer
  end
end
for _, by in ipairs({ by_joined, by_delivered, by_read }) do
  answer[#answer + 1] = redis.call('ZRANGE', by, 0, 1, 'WITHSCORES')
end
return answer
