-- Fills empty budgets from the ledger, once: after Redis was lost, the money of this month is still spent.
--
-- KEYS  1 the project's hash, which acquire.lua has opened; then those of credentials, opened or not
-- ARGV  for each of them what the five classes spent: micro-dollars of the day, of the month, requests and posts of the
--       month, as doubles
-- Words in CAPITALS are places in a 'state' field: layout.py writes them into this text.
-- Returns how many it filled; the others were filled before.
-- TTL   KEEP_BUDGET_MS of a hash that begins here, else as it was
-- A removal, though of nothing, comes first: after it Redis lets a script write even when its memory is full.
redis.call('HDEL', KEYS[1], '')
local project, filled = nil, 0
for i = 1, #KEYS do
  local state = redis.call('HGET', KEYS[i], 'state')
  local f = {}
  if state then
    f = { struct.unpack(BUDGET_FORMAT, state) }
  else
    for place = 1, BUDGET_NUMBERS do f[place] = 0 end
  end
  project = project or f
  if project[DAY_ENDS] == 0 then return 0 end
  if f[SEEDED] == 0 then
    if f[DAY_ENDS] == 0 then
      f[DAY_ENDS], f[MONTH_STARTS], f[MONTH_ENDS] = project[DAY_ENDS], project[MONTH_STARTS], project[MONTH_ENDS]
    end
    f[SEEDED] = 1
    local spent = { struct.unpack(SPENT_FORMAT, ARGV[i]) }
    for place = 1, SPENT_NUMBERS do f[DAY_MONEY + place] = f[DAY_MONEY + place] + spent[place] end
    redis.call('HSET', KEYS[i], 'state', struct.pack(BUDGET_FORMAT, unpack(f, 1, BUDGET_NUMBERS)))
    if redis.call('PTTL', KEYS[i]) < 0 then redis.call('PEXPIRE', KEYS[i], KEEP_BUDGET_MS) end
    filled = filled + 1
  end
end
return filled
