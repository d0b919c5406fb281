-- Lifts the block of one hash; of a credential and endpoint also the interval that was learned from X.
--
-- KEYS  1 the hash of the project, of a credential, or of a credential and endpoint
-- ARGV  1 'window' for the last of these, else 'budget'
-- Words in CAPITALS are places in a 'state' field: layout.py writes them into this text.
-- Returns 1 when there was a block or an interval, 0 when not.
-- TTL   as it was
local was = redis.call('HDEL', KEYS[1], 'blocked_by', 'blocked_reason') > 0
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 0 end
local format, count, place = BUDGET_FORMAT, BUDGET_NUMBERS, BUDGET_BLOCKED_UNTIL
if ARGV[1] == 'window' then format, count, place = WINDOW_FORMAT, WINDOW_NUMBERS, BLOCKED_UNTIL end
local f = { struct.unpack(format, state) }
f[place] = 0
if ARGV[1] == 'window' then
  was = was or f[INTERVAL_UNTIL] > 0
  f[INTERVAL_UNTIL] = 0
end
if not was then return 0 end
redis.call('HSET', KEYS[1], 'state', struct.pack(format, unpack(f, 1, count)))
return 1
