-- Fills empty budgets from the ledger, once: after Redis was lost, the money of this month is still spent.
--
-- KEYS  1 the project's hash
-- ARGV  micro-dollars of the 1 day, 2 month; 3 requests, 4 posts of the month
-- CONSTANTS placed before this text by scripts.py: KEEP_BUDGET_MS
-- Returns 1 when it filled them, 0 when somebody had. What is not known by class counts as the least urgent class.
-- TTL   KEEP_BUDGET_MS
if redis.call('HSETNX', KEYS[1], 'seeded', 1) == 0 then return 0 end
redis.call('HINCRBY', KEYS[1], 'd5', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'm5', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'q5', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'p5', ARGV[4])
redis.call('PEXPIRE', KEYS[1], KEEP_BUDGET_MS)
return 1
