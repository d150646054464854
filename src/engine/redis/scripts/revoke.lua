-- Stores a revocation and wakes the nodes.
--
-- KEYS: 1 the stream of revocations
-- ARGV: 1 the revocation
--       2 about how many are kept
--       3 the channel that wakes nodes
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'r', ARGV[1])
redis.call('SPUBLISH', ARGV[3], '')
