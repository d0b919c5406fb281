-- Takes one grant from every window and budget that a call touches, or from none, and says how long to wait.
--
-- KEYS  1 the project's hash; then two for each credential that may make the call: its hash, its window hash of the endpoint
-- ARGV  1 now in ms ('' = Redis TIME)  2 grant id  3 class, 1 = most urgent .. 5  4 posts  5 cost in micro-dollars
--       6 '1' when the call is paid  7 least ms between two calls of this endpoint
-- CONSTANTS placed before this text by scripts.py: LEASE_MS WINDOW_MS PROBE_WAIT_MS KEEP_MS KEEP_BUDGET_MS
--       FLOOR_1..FLOOR_4 (percent) RELEASE PACED PACED_BY SEEDED, {PROJECT,CREDENTIAL}_{DAY_MONEY,MONTH_MONEY,
--       MONTH_REQUESTS,MONTH_POSTS} (-1 = no limit), CREDENTIAL_BUDGETS
-- Returns a granted call: 2 x the number of the credential, + 1 for a probe. A refusal: 'wait_ms name-of-window'.
--       'unseeded': the budgets are empty and must be filled from the ledger first.
-- TTL   window hash KEEP_MS from each new window on, budgets KEEP_BUDGET_MS from each new day on. Leases are fields '#id'
--       of the window hash, with their own end; settle.lua forgets the dead ones.
local DAY_MS = 86400000
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local class, posts, cost = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local wait, by = 0, ''
local function consider(ms, name)
  if ms > wait then wait, by = ms, name end
end

local function unspent(limit, percent, used)
  local floor = math.ceil(limit * percent / 100)
  return used < floor and floor - used or 0
end

-- The rule of every window (twin of windows.wait_ms): ms until `amount` fits, 0 = now.
local function wait_for(limit, used, amount, left, span, u1, u2, u3, u4)
  local free = limit - used
  if free < amount then return left end
  if class == 1 then return 0 end
  local ms = 0
  if left > span * RELEASE then
    local held = unspent(limit, FLOOR_1, u1)
    if class > 2 then held = held + unspent(limit, FLOOR_2, u2) end
    if class > 3 then held = held + unspent(limit, FLOOR_3, u3) end
    if class > 4 then held = held + unspent(limit, FLOOR_4, u4) end
    if free - held < amount then ms = left - span * RELEASE end
  end
  local after = used + amount
  if after > limit * PACED then
    local due = span * PACED_BY * after / limit - (span - left)
    if due > ms then ms = due end
  end
  return ms
end

-- First and last ms of the UTC month of `now` (civil calendar from days since 1970-01-01).
local function month_of(ms)
  local days = math.floor(ms / DAY_MS)
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local day = doy - math.floor((153 * mp + 2) / 5) + 1
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  local length = ({ 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 })[month]
  if month == 2 and (year % 4 == 0 and year % 100 ~= 0 or year % 400 == 0) then length = 29 end
  return (days - day + 1) * DAY_MS, (days - day + 1 + length) * DAY_MS
end

-- Fields of a budget hash, by position: 1 blocked_until, 2 day_ends, 3 month_starts, 4 month_ends, 5 seeded, then five
-- classes each of: 6.. money of the day, 11.. money of the month, 16.. requests, 21.. posts of the month.
local function budgets(key)
  local f = redis.call('HMGET', key, 'blocked_until', 'day_ends', 'month_starts', 'month_ends', 'seeded',
    'd1', 'd2', 'd3', 'd4', 'd5', 'm1', 'm2', 'm3', 'm4', 'm5',
    'q1', 'q2', 'q3', 'q4', 'q5', 'p1', 'p2', 'p3', 'p4', 'p5')
  if now >= (tonumber(f[2]) or 0) then
    f[2] = (math.floor(now / DAY_MS) + 1) * DAY_MS
    redis.call('HDEL', key, 'd1', 'd2', 'd3', 'd4', 'd5')
    for i = 6, 10 do f[i] = false end
    if now >= (tonumber(f[4]) or 0) then
      f[3], f[4] = month_of(now)
      redis.call('HDEL', key, 'm1', 'm2', 'm3', 'm4', 'm5', 'q1', 'q2', 'q3', 'q4', 'q5', 'p1', 'p2', 'p3', 'p4', 'p5')
      for i = 11, 25 do f[i] = false end
    end
    redis.call('HSET', key, 'day_ends', f[2], 'month_starts', f[3], 'month_ends', f[4])
    redis.call('PEXPIRE', key, KEEP_BUDGET_MS)
  end
  return f
end

local function check(f, at, limit, amount, ends, span, name)
  if limit < 0 or amount == 0 then return end
  local u1, u2, u3, u4 = tonumber(f[at]) or 0, tonumber(f[at + 1]) or 0, tonumber(f[at + 2]) or 0, tonumber(f[at + 3]) or 0
  local used = u1 + u2 + u3 + u4 + (tonumber(f[at + 4]) or 0)
  consider(wait_for(limit, used, amount, ends - now, span, u1, u2, u3, u4), name)
end

local function spend(key, f)
  local c = class
  redis.call('HSET', key,
    'd' .. c, (tonumber(f[5 + c]) or 0) + cost, 'm' .. c, (tonumber(f[10 + c]) or 0) + cost,
    'q' .. c, (tonumber(f[15 + c]) or 0) + 1, 'p' .. c, (tonumber(f[20 + c]) or 0) + posts)
end

-- Calls with a lease that still runs; dead ones are forgotten, as spent.
local function in_flight(key)
  local count, all = 0, redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if string.byte(all[i]) == 35 then
      if tonumber(string.match(all[i + 1], '^%S+')) > now then
        count = count + 1
      else
        redis.call('HDEL', key, all[i])
      end
    end
  end
  return count
end

-- 1. The project: its block stops paid calls only.
local project = budgets(KEYS[1])
if SEEDED and not project[5] then return 'unseeded' end
local blocked = tonumber(project[1])
if blocked and ARGV[6] == '1' and blocked > now then
  consider(blocked - now, redis.call('HGET', KEYS[1], 'blocked_by'))
end
local day_ends, month_ends = tonumber(project[2]), tonumber(project[4])
local month = month_ends - tonumber(project[3])
check(project, 6, PROJECT_DAY_MONEY, cost, day_ends, DAY_MS, 'day_money')
check(project, 11, PROJECT_MONTH_MONEY, cost, month_ends, month, 'month_money')
check(project, 16, PROJECT_MONTH_REQUESTS, 1, month_ends, month, 'month_requests')
check(project, 21, PROJECT_MONTH_POSTS, posts, month_ends, month, 'month_posts')
if wait > 0 then return string.format('%d %s', math.ceil(wait), by) end

-- 2. Every credential: the one with the most room that nothing stops; a known window before a probe.
local chosen, room, is_probe, used_by_us, day_used_by_us, reset, day_reset, has_day, own
local least, least_by = math.huge, ''
for i = 1, (#KEYS - 1) / 2 do
  wait, by = 0, ''
  local f
  if CREDENTIAL_BUDGETS then
    f = budgets(KEYS[2 * i])
    blocked = tonumber(f[1])
    check(f, 6, CREDENTIAL_DAY_MONEY, cost, day_ends, DAY_MS, 'day_money')
    check(f, 11, CREDENTIAL_MONTH_MONEY, cost, month_ends, month, 'month_money')
    check(f, 16, CREDENTIAL_MONTH_REQUESTS, 1, month_ends, month, 'month_requests')
    check(f, 21, CREDENTIAL_MONTH_POSTS, posts, month_ends, month, 'month_posts')
  else
    blocked = tonumber(redis.call('HGET', KEYS[2 * i], 'blocked_until'))
  end
  if blocked and blocked > now then consider(blocked - now, redis.call('HGET', KEYS[2 * i], 'blocked_by')) end

  local key = KEYS[2 * i + 1]
  local w = redis.call('HMGET', key, 'limit', 'lowest', 'blocked_until', 'ends_at', 'reset', 'u1', 'u2', 'u3', 'u4', 'u5',
    'probe_until', 'last_at', 'interval', 'day_limit')
  blocked = tonumber(w[3])
  if blocked and blocked > now then consider(blocked - now, redis.call('HGET', key, 'blocked_by')) end
  local gap = math.max(tonumber(ARGV[7]), tonumber(w[13]) or 0)
  if gap > 0 and w[12] then consider(tonumber(w[12]) + gap - now, 'interval') end

  local limit, ends_at = tonumber(w[1]), tonumber(w[4])
  local unknown = not limit or now >= ends_at
  local v, day_limit, day_free
  if w[14] then
    v = redis.call('HMGET', key, 'day_lowest', 'day_ends_at', 'day_reset', 'v1', 'v2', 'v3', 'v4', 'v5')
    day_limit = tonumber(w[14])
    if now >= tonumber(v[2]) then
      unknown = true
    else
      local v1, v2, v3, v4 = tonumber(v[4]), tonumber(v[5]), tonumber(v[6]), tonumber(v[7])
      day_free = math.min(day_limit - v1 - v2 - v3 - v4 - tonumber(v[8]), tonumber(v[1]))
      consider(wait_for(day_limit, day_limit - day_free, 1, tonumber(v[2]) - now, DAY_MS, v1, v2, v3, v4), 'day')
    end
  end

  local free = -1
  if unknown then
    local probe_until = tonumber(w[11])
    if probe_until and probe_until > now then consider(math.min(probe_until - now, PROBE_WAIT_MS), 'probe') end
  else
    local u1, u2, u3, u4, u5 = tonumber(w[6]), tonumber(w[7]), tonumber(w[8]), tonumber(w[9]), tonumber(w[10])
    local granted = u1 + u2 + u3 + u4 + u5
    local lowest = tonumber(w[2])
    free = limit - granted
    -- X counted more than we granted: a stranger spends this token, so what is in flight may not be counted yet.
    local pending = 0
    if lowest < free then
      pending = in_flight(key)
      free = lowest - pending
    end
    if free < 1 and pending > 0 and lowest > 0 then
      consider(math.min(ends_at - now, PROBE_WAIT_MS), 'window') -- the answers on their way will tell
    else
      consider(wait_for(limit, limit - free, 1, ends_at - now, WINDOW_MS, u1, u2, u3, u4), 'window')
    end
  end

  if wait > 0 then
    if wait < least then least, least_by = wait, by end
  elseif not chosen or free > room then
    chosen, room, is_probe, own = i, free, unknown, f
    used_by_us, reset, has_day = (tonumber(w[5 + class]) or 0) + 1, w[5] or '0', v and true
    day_used_by_us, day_reset = v and tonumber(v[3 + class]) + 1, v and v[3] or '0'
  end
end
if not chosen then return string.format('%d %s', math.ceil(least), least_by) end

-- 3. Take all.
local key = KEYS[2 * chosen + 1]
local lease = string.format('%d %d %d %s %s', now + LEASE_MS, class, now, reset, day_reset)
redis.call('HSET', key, 'u' .. class, used_by_us, 'last_at', now, '#' .. ARGV[2], lease)
if has_day then redis.call('HSET', key, 'v' .. class, day_used_by_us) end
if is_probe then
  redis.call('HSET', key, 'probe_until', now + LEASE_MS, 'probe_id', ARGV[2])
  redis.call('PEXPIRE', key, KEEP_MS)
end
spend(KEYS[1], project)
if own then spend(KEYS[2 * chosen], own) end
return 2 * chosen + (is_probe and 1 or 0)
