-- Uses up a ticket and returns it; nil where there is none, or its time is over.
-- KEYS: the ticket (string that begins with its end)
-- ARGV: the time
local ticket = redis.call('GET', KEYS[1])
if not ticket or tonumber(string.match(ticket, '^%d+')) <= tonumber(ARGV[1]) then return nil end
redis.call('DEL', KEYS[1])
return ticket
