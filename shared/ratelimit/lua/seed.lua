-- Fills empty budgets from the ledger, once: after Redis was lost, the money of this month is still spent.
--
-- KEYS  1 the project's hash, which acquire.lua has opened
-- ARGV  1 four doubles: micro-dollars of the day, of the month, requests and posts of the month
-- Words in CAPITALS are places in a 'state' field: layout.py writes them into this text.
-- Returns 1 when it filled them, 0 when somebody had. What is not known by class counts as the least urgent class's.
-- TTL   as it was
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 0 end
local f = { struct.unpack(BUDGET_FORMAT, state) }
if f[SEEDED] == 1 then return 0 end
local day_money, month_money, requests, posts = struct.unpack('<dddd', ARGV[1])
f[SEEDED] = 1
f[DAY_MONEY + 5] = f[DAY_MONEY + 5] + day_money
f[MONTH_MONEY + 5] = f[MONTH_MONEY + 5] + month_money
f[MONTH_REQUESTS + 5] = f[MONTH_REQUESTS + 5] + requests
f[MONTH_POSTS + 5] = f[MONTH_POSTS + 5] + posts
redis.call('HSET', KEYS[1], 'state', struct.pack(BUDGET_FORMAT, unpack(f, 1, BUDGET_NUMBERS)))
return 1
