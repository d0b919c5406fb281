-- Lifts the block of one hash.
--
-- KEYS  1 the hash of the project, of a credential, or of a credential and endpoint
-- ARGV  1 'window' for the last of these, else 'budget'
-- Words in CAPITALS are places in a 'state' field: layout.py writes them into this text.
-- Returns 1 when there was a block, 0 when not.
-- TTL   as it was
if redis.call('HDEL', KEYS[1], 'blocked_by', 'blocked_reason') == 0 then return 0 end
local format, count, place = BUDGET_FORMAT, BUDGET_NUMBERS, BUDGET_BLOCKED_UNTIL
if ARGV[1] == 'window' then format, count, place = WINDOW_FORMAT, WINDOW_NUMBERS, BLOCKED_UNTIL end
local f = { struct.unpack(format, redis.call('HGET', KEYS[1], 'state')) }
f[place] = 0
redis.call('HSET', KEYS[1], 'state', struct.pack(format, unpack(f, 1, count)))
return 1
