-- Folds what X answered into the window, gives back what was reserved and not used, sets the block X asked for, and
-- counts its faults in a row.
--
-- KEYS  1 the project's hash  2 the credential's hash  3 the window hash of credential and endpoint  4 the index of windows
-- ARGV  1 grant id  2 thirteen doubles: now in ms (-1 = Redis TIME), class, 1 when X answered, limit, remaining, reset in s,
--       X's Date in s, day limit, day remaining, day reset in s (-1 where a header was missing), posts billed minus
--       reserved, micro-dollars billed minus reserved, 1 for a fault of X  3 member for the index
--       4 scope of the block ('' = none)  5 its end in s of X's clock ('')  6 its length in ms ('')  7 its reason
--       8 field of the endpoint's breaker in the project's hash  9 run id of this server ('' where nobody may ask)
-- Words in CAPITALS are constants and places in a 'state' field: rules.py and layout.py write them into this text.
-- Returns 1 when the grant was still held, 0 when it had been settled or its lease had ended: then nothing is given back.
-- TTL   window hash and index KEEP_MS from each new window on, and never before the end of a block.
local now, class, answered, limit, remaining, reset, date, day_limit, day_remaining, day_reset, posts, cost, fault =
  struct.unpack('<ddddddddddddd', ARGV[2])
if now < 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
-- A removal, though of nothing, comes first: after it Redis lets a script write even when its memory is full.
redis.call('HDEL', KEYS[1], '')
local key, field = KEYS[3], '#' .. ARGV[1]
local h = redis.call('HMGET', key, 'state', field, 'server')

local function numbers(state, format, count)
  if state then return { struct.unpack(format, state) } end
  local f = {}
  for i = 1, count do f[i] = 0 end
  return f
end
local w = numbers(h[1], WINDOW_FORMAT, WINDOW_NUMBERS)
local is_moved = h[3] ~= ARGV[9] and ARGV[9] ~= ''
if is_moved and h[3] then -- what another server was told may be missing here: as if nothing were known
  for place = 1, PROBE_UNTIL do w[place] = 0 end
end

local held, granted_at, lease_reset, lease_day_reset, was_probe = false, now, 0, 0, false
if h[2] then
  local lease_until, _, at, r, day_r, probe_until = struct.unpack(LEASE_FORMAT, h[2])
  redis.call('HDEL', key, field)
  if lease_until > now then
    held, granted_at, lease_reset, lease_day_reset = true, at, r, day_r
    was_probe = probe_until > 0 and probe_until == w[PROBE_UNTIL]
  end
end

-- The end of a period of X in our time, never too early: X's Date is cut to whole seconds and is older than `now`.
local function place(seconds)
  if date >= 0 then return math.floor(now + (seconds - date) * 1000 + RESET_GUARD_MS) end
  return seconds * 1000 + UNDATED_GUARD_MS
end

-- Calls in flight, by class. Leases that ended by `moment` are forgotten: X has counted those calls, or never will.
local function in_flight(moment)
  local counts, all = { 0, 0, 0, 0, 0 }, redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if string.byte(all[i]) == 35 then
      local lease_until, c = struct.unpack('<dd', all[i + 1])
      if lease_until > moment then
        counts[c] = counts[c] + 1
      else
        redis.call('HDEL', key, all[i])
        w[SETTLED], w[DAY_SETTLED] = w[SETTLED] + 1, w[DAY_SETTLED] + 1
      end
    end
  end
  return counts
end

-- What a period that opens may count: this call, and all in flight.
local function count_into(used)
  local counts = in_flight(now)
  counts[class] = counts[class] + 1
  for c = 1, 5 do w[used + c] = counts[c] end
end

local function live_at_least(target, ms)
  if redis.call('PTTL', target) < ms then redis.call('PEXPIRE', target, ms) end
end

-- One period of X, the quarter of an hour or the day; `at` is the place of its first number: limit, lowest, end, reset,
-- settled, shared, and then what each class used. Says whether a period has opened.
local function fold(at, its_limit, left, its_reset, reset_at_grant)
  local settled, shared, used = at + 4, at + 5, at + 5
  local ends, known, has_opened = w[at + 2], w[at + 3], false
  local asked_after_end = held and granted_at >= ends
  if its_reset > known or (asked_after_end and its_reset ~= known) then
    count_into(used)
    w[settled], w[shared] = 1, 0
    if its_limit < 0 then its_limit = w[at] > 0 and w[at] or left + 1 end
    w[at], w[at + 1], w[at + 2], w[at + 3], has_opened = its_limit, left, place(its_reset), its_reset, true
  elseif its_reset == known then
    if held then w[settled] = w[settled] + 1 end
    if its_limit >= 0 then w[at] = math.min(w[at], its_limit) end
    w[at + 1] = math.min(w[at + 1], left)
    if now < ends then
      w[at + 2] = math.min(ends, place(its_reset))
    elseif asked_after_end then
      w[at + 2] = math.max(place(its_reset), now + RESET_GUARD_MS) -- we thought it over, and X is still in it
    end
  elseif held and reset_at_grant ~= known then
    w[used + class] = w[used + class] - 1 -- in flight when this period opened, and counted in the one before
  end
  -- X counted more than we granted. Known exactly, when the window opens and nothing else is in flight: then it was a
  -- call that nobody heard of, and counts as the least urgent class's. Else a stranger spends this token too.
  local granted = w[used + 1] + w[used + 2] + w[used + 3] + w[used + 4] + w[used + 5]
  local surplus = w[at] - granted - w[at + 1]
  if surplus > 0 and has_opened and granted == 1 then
    w[used + 5], w[settled] = w[used + 5] + surplus, 1 + surplus
  elseif surplus > 0 then
    w[shared] = 1
  end
  return has_opened
end

-- 1. The windows. A call granted after a lease had ended speaks for the call of that lease too.
if held and (w[SHARED] == 1 or w[DAY_SHARED] == 1) then in_flight(granted_at) end
local opened = not h[1]
if remaining >= 0 and reset >= 0 then
  opened = fold(LIMIT, limit, remaining, reset, lease_reset) or opened
elseif was_probe and answered == 1 and w[LIMIT] > 0 and now >= w[ENDS_AT] then
  count_into(USED) -- no headers: a window of our own, as long and as wide as the last
  w[LOWEST], w[ENDS_AT], w[SETTLED], w[SHARED], opened = w[LIMIT], now + WINDOW_MS, 1, 0, true
end
if day_remaining >= 0 and day_reset >= 0 then
  fold(DAY_LIMIT, day_limit, day_remaining, day_reset, lease_day_reset)
elseif was_probe and answered == 1 and now >= w[DAY_ENDS_AT] then
  w[DAY_ENDS_AT], w[DAY_RESET] = 0, 0 -- X names no such cap any more
end
if was_probe or opened then w[PROBE_UNTIL] = 0 end

-- 2. The budgets: what was reserved and not billed goes back to the day and month of the grant.
local function refund(f)
  if now < f[DAY_ENDS] and granted_at >= f[DAY_ENDS] - DAY_MS then
    f[DAY_MONEY + class] = math.max(0, f[DAY_MONEY + class] + cost)
  end
  if now < f[MONTH_ENDS] and granted_at >= f[MONTH_STARTS] then
    f[MONTH_MONEY + class] = math.max(0, f[MONTH_MONEY + class] + cost)
    f[MONTH_POSTS + class] = math.max(0, f[MONTH_POSTS + class] + posts)
  end
end

-- 3. The block: the one that ends last stays.
local scope, live_until = ARGV[4], 0
local function block(target, f, place_of_end)
  local ends = now + LONGEST_BLOCK_MS
  if ARGV[5] ~= '' then
    ends = math.min(ends, place(tonumber(ARGV[5])))
  elseif ARGV[6] ~= '' then
    ends = math.min(ends, now + tonumber(ARGV[6]))
  elseif scope == 'endpoint_window' then
    ends = w[ENDS_AT] > now and w[ENDS_AT] or now + WINDOW_MS
  elseif scope == 'day_cap' then
    ends = w[DAY_ENDS_AT] > now and w[DAY_ENDS_AT] or now + DAY_MS
  elseif scope == 'per_second' then
    ends = now + LEARNED_INTERVAL_MS
  end
  if ends <= f[place_of_end] then return end
  f[place_of_end] = ends
  redis.call('HSET', target, 'blocked_by', scope, 'blocked_reason', ARGV[7])
  live_until = ends
end

local function change_budgets(target, has_budgets, is_blocked)
  local is_changed = has_budgets and held and (posts ~= 0 or cost ~= 0)
  if not is_changed and not is_blocked then return end
  local f = numbers(redis.call('HGET', target, 'state'), BUDGET_FORMAT, BUDGET_NUMBERS)
  if is_changed then refund(f) end
  if is_blocked then block(target, f, BUDGET_BLOCKED_UNTIL) end
  redis.call('HSET', target, 'state', struct.pack(BUDGET_FORMAT, unpack(f, 1, BUDGET_NUMBERS)))
  if is_blocked then live_at_least(target, live_until - now + KEEP_MS) end
end
change_budgets(KEYS[1], true, scope == 'usage_cap' or scope == 'paid')
change_budgets(KEYS[2], CREDENTIAL_BUDGETS, scope == 'credential')
if scope == 'per_second' then w[INTERVAL_UNTIL] = now + LEARNED_FOR_MS end
if scope == 'endpoint_window' or scope == 'per_second' or scope == 'day_cap' or scope == 'credential_endpoint' then
  block(key, w, BLOCKED_UNTIL)
end

-- 4. The breaker of the endpoint. While it is open only the call that looks has a say: the others are older.
local function tell_breaker(breaker)
  local faults, opened, open_until, looker = 0, 0, 0, ''
  if breaker then
    faults, opened, open_until = struct.unpack(BREAKER_FORMAT, breaker)
    looker = string.sub(breaker, 8 * BREAKER_NUMBERS + 1)
  end
  local looks = looker == ARGV[1]
  if not looks and (opened > 0 or not held) then return end
  if fault == 1 then
    faults = faults + 1
    if faults >= BREAKER_FAULTS then
      open_until = now + math.min(BREAKER_LONGEST_MS, BREAKER_FIRST_MS * 2 ^ opened)
      opened = opened + 1
    end
  elseif answered == 1 then
    redis.call('HDEL', KEYS[1], ARGV[8])
    return
  elseif not looks then
    return
  end
  redis.call('HSET', KEYS[1], ARGV[8], struct.pack(BREAKER_FORMAT, faults, opened, open_until, 0))
  live_at_least(KEYS[1], KEEP_MS)
end
local breaker = redis.call('HGET', KEYS[1], ARGV[8])
if breaker or fault == 1 then tell_breaker(breaker) end

redis.call('HSET', key, 'state', struct.pack(WINDOW_FORMAT, unpack(w, 1, WINDOW_NUMBERS)))
if is_moved then redis.call('HSET', key, 'server', ARGV[9]) end
if opened or was_probe or scope ~= '' then
  live_at_least(key, math.max(0, w[BLOCKED_UNTIL] - now) + KEEP_MS)
  redis.call('SADD', KEYS[4], ARGV[3])
  live_at_least(KEYS[4], LONGEST_BLOCK_MS + KEEP_MS)
end
return held and 1 or 0
