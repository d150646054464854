-- Gives back what was taken of a day and not used; nothing where that day is over.
-- KEYS: as of take-of-day. ARGV: the field, and how much.
for _, key in ipairs(KEYS) do
  local used = tonumber(redis.call('HGET', key, ARGV[1]) or 0)
  if used >= tonumber(ARGV[2]) then redis.call('HINCRBY', key, ARGV[1], '-' .. ARGV[2]) end
end
return 0
