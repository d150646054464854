-- Hides all that a user has said so far, under the next number of such redactions.
--
-- KEYS: the hash of users and their numbers ('' has the last of all), its channel.
-- ARGV: the user. Gives the number.
local number = redis.call('HINCRBY', KEYS[1], '', 1)
redis.call('HSET', KEYS[1], ARGV[1], number)
redis.call('SPUBLISH', KEYS[2], number .. ' ' .. ARGV[1])
return number
