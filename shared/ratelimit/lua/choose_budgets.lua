-- Puts what a person chose over the budgets that the processes were started with.
--
-- KEYS  1 the project's hash
-- ARGV  1 doubles in the order of CHOSEN_FORMAT, or '' for nothing chosen
-- Words in CAPITALS are constants: rules.py and layout.py write them into this text.
-- Returns 1 when this changed anything, 0 when it was so before.
-- TTL   KEEP_BUDGET_MS from the first choice on, until the budgets are opened
-- A removal, though of nothing, comes first: after it Redis lets a script write even when its memory is full.
redis.call('HDEL', KEYS[1], '')
local before = redis.call('HGET', KEYS[1], 'chosen')
if ARGV[1] == '' then return redis.call('HDEL', KEYS[1], 'chosen') end
redis.call('HSET', KEYS[1], 'chosen', ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], KEEP_BUDGET_MS) end
return before == ARGV[1] and 0 or 1
