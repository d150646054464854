-- Changes the status of a user, and tells all nodes in the feed. Forgets which sessions ended long
-- ago, of a few users at a time.
-- KEYS: the status of all users (hash, JSON), the feed (stream), users by when their sessions ended
-- ARGV: user, change, time of the change, generation, session that does not end or '', milliseconds
--       after which ended sessions are forgotten, length of the feed
local users, feed, ended = KEYS[1], KEYS[2], KEYS[3]
local user, change, at, generation, except = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function keep(whose, status)
  local text = cjson.encode(status)
  if next(status) == nil then
    text = '{}'
    redis.call('HDEL', users, whose)
  else
    redis.call('HSET', users, whose, text)
  end
  redis.call('XADD', feed, 'MAXLEN', '~', ARGV[7], '*', 'user', whose, 'status', text)
end

local status = cjson.decode(redis.call('HGET', users, user) or '{}')
if change == 'unban' then
  status.bannedAt = nil
else
  if change == 'ban' then
    status.bannedAt = status.bannedAt or at
  elseif change == 'revoke' then
    status.revokedBefore = math.max(status.revokedBefore or 0, at)
  end
  status.generation = generation
  status.except = except
  redis.call('ZADD', ended, now, user)
end
keep(user, status)

local old = redis.call('ZRANGEBYSCORE', ended, '-inf', now - ARGV[6], 'LIMIT', 0, 10)
for _, whose in ipairs(old) do
  local former = cjson.decode(redis.call('HGET', users, whose) or '{}')
  former.generation = nil
  former.except = nil
  keep(whose, former)
  redis.call('ZREM', ended, whose)
end
