-- Deletes a session with its refresh tokens. Returns its user, the digest of its secret and its
-- generation; nil where it was gone already.
-- KEYS: the session (hash), its refresh tokens (hash), the same in their order (list)
local session = redis.call('HMGET', KEYS[1], 'user', 'secretHash', 'generation')
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
if not session[1] then return nil end
return session
