-- Takes one grant from every window and budget that a call touches, or from none, and says how long to wait.
--
-- KEYS  1 the project's hash; then two for each credential that may make the call: its hash, its window hash of the endpoint
-- ARGV  1 grant id  2 seven doubles: now in ms (-1 = Redis TIME), class (1 = most urgent .. 5), posts, cost in
--       micro-dollars, 1 when the call is paid, least ms between two calls of this endpoint, share of a budget that the
--       class may spend  3 field of the endpoint's breaker in the project's hash
--       4 run id of this server ('' where nobody may ask)
-- Words in CAPITALS are constants and places in a 'state' field: rules.py and layout.py write them into this text.
-- Returns a granted call: 2 x the number of its credential, + 1 for a probe. A refusal: 'wait_ms name-of-window'.
--       'unseeded': budgets of the project or of a credential must be filled from the ledger first.
-- TTL   window hash KEEP_MS from each probe on, budget hash KEEP_BUDGET_MS from each new day on. A lease is a field '#id'
--       of the window hash with an end of its own; the dead are forgotten when the window opens.
local now, class, posts, cost, paid, gap, share = struct.unpack('<ddddddd', ARGV[2])
if now < 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A removal, though of nothing, comes first: after it Redis lets a script write even when its memory is full. What waits
-- can only drain if it gets its grants: a lease of some bytes, and few are in flight.
redis.call('HDEL', KEYS[1], '')

local wait, by = 0, ''
local function consider(ms, name)
  if ms > wait then wait, by = ms, name end
end

local function unspent(limit, percent, used)
  local floor = math.ceil(limit * percent / 100)
  return used < floor and floor - used or 0
end

-- The rule of every window (twin of windows.wait_ms): ms until `amount` fits, 0 = now. used[at + 1 ..] are the classes'.
-- Of a budget the floor of people is given up like the others, and searches keep no pace: they may spend it all.
local function wait_for(limit, free, amount, left, span, used, at, is_budget)
  if free < amount then return left end
  if class == 1 then return 0 end
  local ms, room, release = 0, free - amount, span * RELEASE
  local held = unspent(limit, FLOOR_1, used[at + 1])
  local shrinking = is_budget and 0 or held
  local kept = math.min(shrinking, limit * KEPT_FOR_PEOPLE)
  if left > release then
    if class > 2 then held = held + unspent(limit, FLOOR_2, used[at + 2]) end
    if class > 3 then held = held + unspent(limit, FLOOR_3, used[at + 3]) end
    if class > 4 then held = held + unspent(limit, FLOOR_4, used[at + 4]) end
  else
    held = math.max(kept, shrinking * left / release)
  end
  if room < held - HALF then
    if room < kept - HALF then return left end
    ms = left - (room >= shrinking - HALF and release or release * (room + HALF) / shrinking)
  end
  local after = limit - free + amount
  if not (is_budget and class == 2) and after > limit * PACED then
    local due = span * PACED_BY * after / limit - (span - left)
    if due > ms then ms = due end
  end
  return ms
end

local function sum(f, at)
  return f[at + 1] + f[at + 2] + f[at + 3] + f[at + 4] + f[at + 5]
end

-- Calls left in the period of X at `at`, and calls granted in it (twin of windows.free).
local function left_in(w, at)
  local used = sum(w, at + USED - LIMIT)
  local free = w[at] - used
  if w[at + SHARED - LIMIT] == 1 then free = math.min(free, w[at + 1] - used + w[at + SETTLED - LIMIT]) end
  return free, used
end

-- First ms of the UTC month of `now` and of the next one (civil calendar from days since 1970-01-01).
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

local function numbers(state, format, count)
  if state then return { struct.unpack(format, state) } end
  local f = {}
  for i = 1, count do f[i] = 0 end
  return f
end

-- The numbers of a budget hash, emptied where their day or month has ended; and, in the project's, what a person chose
-- and the breaker, where they are there.
local function budgets(key)
  local h = redis.call('HMGET', key, 'state', 'chosen', ARGV[3])
  local f = numbers(h[1], BUDGET_FORMAT, BUDGET_NUMBERS)
  if now >= f[DAY_ENDS] then
    f[DAY_ENDS] = (math.floor(now / DAY_MS) + 1) * DAY_MS
    for i = DAY_MONEY + 1, DAY_MONEY + 5 do f[i] = 0 end
    if now >= f[MONTH_ENDS] then
      f[MONTH_STARTS], f[MONTH_ENDS] = month_of(now)
      for i = MONTH_MONEY + 1, MONTH_POSTS + 5 do f[i] = 0 end
    end
    redis.call('HSET', key, 'state', struct.pack(BUDGET_FORMAT, unpack(f, 1, BUDGET_NUMBERS)))
    redis.call('PEXPIRE', key, KEEP_BUDGET_MS)
  end
  return f, h[2], h[3]
end

-- The rule of a budget (twin of windows.budget_wait_ms).
local function check(f, at, limit, part, amount, starts, ends, name)
  if limit < 0 or amount <= 0 then return end
  local used = sum(f, at)
  if f[at + class] + amount > limit * part or (class > 2 and used + amount > limit * BACKGROUND_STOPS) then
    return consider(ends - now, name)
  end
  consider(wait_for(limit, limit - used, amount, ends - now, ends - starts, f, at, true), name)
end

local function check_all(f, day_money, month_money, requests, posts_limit, part)
  local day_ends, starts, ends = f[DAY_ENDS], f[MONTH_STARTS], f[MONTH_ENDS]
  check(f, DAY_MONEY, day_money, part, cost, day_ends - DAY_MS, day_ends, 'day_money')
  check(f, MONTH_MONEY, month_money, part, cost, starts, ends, 'month_money')
  check(f, MONTH_REQUESTS, requests, part, 1, starts, ends, 'month_requests')
  check(f, MONTH_POSTS, posts_limit, part, posts, starts, ends, 'month_posts')
end

local function spend(key, f)
  f[DAY_MONEY + class] = f[DAY_MONEY + class] + cost
  f[MONTH_MONEY + class] = f[MONTH_MONEY + class] + cost
  f[MONTH_REQUESTS + class] = f[MONTH_REQUESTS + class] + 1
  f[MONTH_POSTS + class] = f[MONTH_POSTS + class] + posts
  redis.call('HSET', key, 'state', struct.pack(BUDGET_FORMAT, unpack(f, 1, BUDGET_NUMBERS)))
end

local function check_block(key, blocked_until)
  if blocked_until > now then consider(blocked_until - now, redis.call('HGET', key, 'blocked_by')) end
end

-- 1. The project. Its block stops paid calls only, the breaker all calls of the endpoint but one that looks.
local project, chosen, breaker = budgets(KEYS[1])
if NEEDS_SEED and project[SEEDED] == 0 then return 'unseeded' end
if paid == 1 then check_block(KEYS[1], project[BUDGET_BLOCKED_UNTIL]) end
local faults, opened, open_until, looked_until = 0, 0, 0, 0
if breaker then
  faults, opened, open_until, looked_until = struct.unpack(BREAKER_FORMAT, breaker)
  if open_until > now then
    consider(open_until - now, 'breaker')
  elseif looked_until > now then
    consider(math.min(looked_until - now, BREAKER_WAIT_MS), 'breaker')
  end
end
local day_limit, month_limit, posts_limit = PROJECT_DAY_MONEY, PROJECT_MONTH_MONEY, PROJECT_MONTH_POSTS
if chosen then
  local c = { struct.unpack(CHOSEN_FORMAT, chosen) }
  if c[1] ~= AS_STARTED then day_limit = c[1] end
  if c[2] ~= AS_STARTED then month_limit = c[2] end
  if c[3] ~= AS_STARTED then posts_limit = c[3] end
  if c[3 + class] ~= AS_STARTED then share = c[3 + class] end
end
check_all(project, day_limit, month_limit, PROJECT_MONTH_REQUESTS, posts_limit, share)
if wait > 0 then return string.format('%d %s', math.ceil(wait), by) end

-- 2. Every credential: the one with the most room that nothing stops; a known window before a probe.
local chosen, room, is_probe, window, own, moved
local least, least_by = math.huge, ''
for i = 1, (#KEYS - 1) / 2 do
  wait, by = 0, ''
  local f
  if CREDENTIAL_BUDGETS then
    f = budgets(KEYS[2 * i])
    if NEEDS_SEED and f[SEEDED] == 0 then return 'unseeded' end
    check_block(KEYS[2 * i], f[BUDGET_BLOCKED_UNTIL])
    check_all(f, CREDENTIAL_DAY_MONEY, CREDENTIAL_MONTH_MONEY, CREDENTIAL_MONTH_REQUESTS, CREDENTIAL_MONTH_POSTS, 1)
  else
    local state = redis.call('HGET', KEYS[2 * i], 'state') -- there only when the credential was blocked
    if state then check_block(KEYS[2 * i], numbers(state, BUDGET_FORMAT)[BUDGET_BLOCKED_UNTIL]) end
  end

  local key = KEYS[2 * i + 1]
  local known = redis.call('HMGET', key, 'state', 'server')
  local w = numbers(known[1], WINDOW_FORMAT, WINDOW_NUMBERS)
  local is_moved = known[2] ~= ARGV[4] and ARGV[4] ~= ''
  if is_moved and known[2] then -- what another server was told may be missing here: as if nothing were known
    for place = 1, PROBE_UNTIL do w[place] = 0 end
  end
  check_block(key, w[BLOCKED_UNTIL])
  local least_gap = w[INTERVAL_UNTIL] > now and math.max(gap, LEARNED_INTERVAL_MS) or gap
  if least_gap > 0 then consider(w[LAST_AT] + least_gap - now, 'interval') end

  local day = w[DAY_ENDS_AT]
  if day > now then
    consider(wait_for(w[DAY_LIMIT], left_in(w, DAY_LIMIT), 1, day - now, DAY_MS, w, DAY_USED), 'day')
  end
  local ends_at, free = w[ENDS_AT], -1
  local unknown = now >= ends_at or (day > 0 and now >= day)
  if unknown then
    if w[PROBE_UNTIL] > now then consider(math.min(w[PROBE_UNTIL] - now, PROBE_WAIT_MS), 'probe') end
  else
    local used
    free, used = left_in(w, LIMIT)
    if free < 1 and used < w[LIMIT] and w[LOWEST] > 0 then
      consider(math.min(ends_at - now, PROBE_WAIT_MS), 'window') -- the answers on their way may tell of room
    else
      consider(wait_for(w[LIMIT], free, 1, ends_at - now, WINDOW_MS, w, USED), 'window')
    end
  end

  if wait > 0 then
    if wait < least then least, least_by = wait, by end
  elseif not chosen or free > room then
    chosen, room, is_probe, window, own, moved = i, free, unknown, w, f, is_moved
  end
end
if not chosen then return string.format('%d %s', math.ceil(least), least_by) end

-- 3. Take all.
local key = KEYS[2 * chosen + 1]
window[USED + class] = window[USED + class] + 1
window[DAY_USED + class] = window[DAY_USED + class] + 1
window[LAST_AT] = now
local probe_until = 0
if is_probe then
  probe_until = now + LEASE_MS
  window[PROBE_UNTIL] = probe_until
end
redis.call('HSET', key, 'state', struct.pack(WINDOW_FORMAT, unpack(window, 1, WINDOW_NUMBERS)),
  '#' .. ARGV[1], struct.pack(LEASE_FORMAT, now + LEASE_MS, class, now, window[RESET], window[DAY_RESET], probe_until))
if moved then redis.call('HSET', key, 'server', ARGV[4]) end
if is_probe then redis.call('PEXPIRE', key, KEEP_MS) end
if opened > 0 then
  redis.call('HSET', KEYS[1], ARGV[3], struct.pack(BREAKER_FORMAT, faults, opened, open_until, now + LEASE_MS) .. ARGV[1])
end
spend(KEYS[1], project)
if own then spend(KEYS[2 * chosen], own) end
return 2 * chosen + (is_probe and 1 or 0)
