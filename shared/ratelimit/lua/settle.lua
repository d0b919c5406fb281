-- Folds what X answered into the window, gives back what was reserved and not used, and sets the block X asked for.
--
-- KEYS  1 the project's hash  2 the credential's hash  3 the window hash of credential and endpoint  4 the index of windows
-- ARGV  1 now in ms ('' = Redis TIME)  2 grant id  3 class  4 '1' when X answered  5 limit  6 remaining  7 reset in s
--       8 X's Date in s  9 day limit  10 day remaining  11 day reset in s ('' where a header was missing)
--       12 posts and 13 micro-dollars billed minus reserved  14 member for the index
--       15 scope of the block ('' = none)  16 its end in s of X's clock  17 its length in ms  18 its reason
-- CONSTANTS placed before this text by scripts.py: WINDOW_MS KEEP_MS RESET_GUARD_MS UNDATED_GUARD_MS
--       LEARNED_INTERVAL_MS CREDENTIAL_BUDGETS
-- Returns 1 when the grant was still held, 0 when it had been settled or had died: then nothing is given back.
-- TTL   window hash and index KEEP_MS from each new window on, and never before the end of a block.
local DAY_MS = 86400000
local LONGEST_BLOCK_MS = 31 * DAY_MS
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local key, field = KEYS[3], '#' .. ARGV[2]
local date = tonumber(ARGV[8])

local w = redis.call('HMGET', key, field, 'limit', 'lowest', 'ends_at', 'reset', 'probe_id',
  'day_limit', 'day_lowest', 'day_ends_at', 'day_reset')
local held = w[1] and true or false
local class, granted_at, lease_reset, lease_day_reset = tonumber(ARGV[3]), now, nil, nil
if held then
  local _, c, at, reset, day_reset = string.match(w[1], '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
  class, granted_at, lease_reset, lease_day_reset = tonumber(c), tonumber(at), reset, day_reset
  redis.call('HDEL', key, field)
end

-- The end of a period of X in our time, never too early: X's Date is cut to whole seconds and is older than `now`.
local function place(reset)
  if date then return math.floor(now + (reset - date) * 1000 + RESET_GUARD_MS) end
  return reset * 1000 + UNDATED_GUARD_MS
end

-- Other calls in flight, by class: X may count them in the period that opens. Dead ones are forgotten, as spent.
local function in_flight()
  local counts, all = { 0, 0, 0, 0, 0 }, redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if string.byte(all[i]) == 35 then
      local ends, c = string.match(all[i + 1], '^(%S+) (%S+)')
      if tonumber(ends) <= now then
        redis.call('HDEL', key, all[i])
      else
        counts[tonumber(c)] = counts[tonumber(c)] + 1
      end
    end
  end
  return counts
end

local function live_at_least(target, ms)
  if redis.call('PTTL', target) < ms then redis.call('PEXPIRE', target, ms) end
end

local function enter_in_index()
  redis.call('SADD', KEYS[4], ARGV[14])
  live_at_least(KEYS[4], LONGEST_BLOCK_MS + KEEP_MS)
end

-- 1. The 15-minute window.
local limit, remaining, reset = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local known, ends_at, known_reset = tonumber(w[2]), tonumber(w[4]), tonumber(w[5])
local was_probe = w[6] == ARGV[2]
local after_end = held and ends_at and granted_at >= ends_at

local function open(new_limit, lowest, ends, new_reset)
  local u = in_flight()
  u[class] = u[class] + 1
  new_limit = new_limit or (lowest + u[1] + u[2] + u[3] + u[4] + u[5])
  redis.call('HSET', key, 'limit', new_limit, 'lowest', lowest, 'ends_at', ends, 'reset', new_reset,
    'u1', u[1], 'u2', u[2], 'u3', u[3], 'u4', u[4], 'u5', u[5])
  redis.call('HDEL', key, 'probe_until', 'probe_id')
  live_at_least(key, KEEP_MS)
  enter_in_index()
end

if remaining and reset then
  if not known_reset or reset > known_reset or (after_end and reset ~= known_reset) then
    open(limit or known, remaining, place(reset), reset)
  elseif reset == known_reset then
    local ends = place(reset)
    if now < ends_at then
      ends = math.min(ends, ends_at)
    elseif after_end then
      ends = math.max(ends, now + RESET_GUARD_MS) -- asked after the end we had placed, and X is still in that window
    else
      ends = ends_at
    end
    redis.call('HSET', key, 'lowest', math.min(remaining, tonumber(w[3])), 'limit', math.min(limit or known, known),
      'ends_at', ends)
  elseif held and lease_reset ~= w[5] then
    redis.call('HINCRBY', key, 'u' .. class, -1) -- in flight when this window opened, and counted in the one before
  end
elseif was_probe and ARGV[4] == '1' and known and now >= ends_at then
  open(known, known, now + WINDOW_MS, w[5] or 0) -- no headers: a window of our own, as long and as wide as the last
end
if was_probe then redis.call('HDEL', key, 'probe_until', 'probe_id') end

-- 2. The 24-hour cap, where X names one.
local day_limit, day_remaining, day_reset = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local day_known, day_ends_at, day_known_reset = tonumber(w[7]), tonumber(w[9]), tonumber(w[10])
if day_remaining and day_reset then
  local day_after_end = held and day_ends_at and granted_at >= day_ends_at
  if not day_known or day_reset > day_known_reset or (day_after_end and day_reset ~= day_known_reset) then
    local v = in_flight()
    v[class] = v[class] + 1
    redis.call('HSET', key, 'day_limit', day_limit or day_known or (day_remaining + v[1] + v[2] + v[3] + v[4] + v[5]),
      'day_lowest', day_remaining, 'day_ends_at', place(day_reset), 'day_reset', day_reset,
      'v1', v[1], 'v2', v[2], 'v3', v[3], 'v4', v[4], 'v5', v[5])
  elseif day_reset == day_known_reset then
    local ends = place(day_reset)
    if now < day_ends_at then
      ends = math.min(ends, day_ends_at)
    elseif day_after_end then
      ends = math.max(ends, now + RESET_GUARD_MS)
    else
      ends = day_ends_at
    end
    redis.call('HSET', key, 'day_lowest', math.min(day_remaining, tonumber(w[8])),
      'day_limit', math.min(day_limit or day_known, day_known), 'day_ends_at', ends)
  elseif held and lease_day_reset ~= w[10] then
    redis.call('HINCRBY', key, 'v' .. class, -1)
  end
elseif was_probe and day_known and now >= day_ends_at then
  redis.call('HDEL', key, 'day_limit', 'day_lowest', 'day_ends_at', 'day_reset', 'v1', 'v2', 'v3', 'v4', 'v5')
end

-- 3. Money and posts: the difference between what was reserved and what was billed, in the period of the grant.
local function refund(budget)
  local posts, cost = tonumber(ARGV[12]), tonumber(ARGV[13])
  local d, m, p = 'd' .. class, 'm' .. class, 'p' .. class
  local f = redis.call('HMGET', budget, 'day_ends', 'month_starts', 'month_ends', d, m, p)
  local day_ends, month_ends = tonumber(f[1]) or 0, tonumber(f[3]) or 0
  if now < day_ends and granted_at >= day_ends - DAY_MS then
    redis.call('HSET', budget, d, math.max(0, (tonumber(f[4]) or 0) + cost))
  end
  if now < month_ends and granted_at >= tonumber(f[2]) then
    redis.call('HSET', budget, m, math.max(0, (tonumber(f[5]) or 0) + cost),
      p, math.max(0, (tonumber(f[6]) or 0) + posts))
  end
end
if held and (ARGV[12] ~= '0' or ARGV[13] ~= '0') then
  refund(KEYS[1])
  if CREDENTIAL_BUDGETS then refund(KEYS[2]) end
end

-- 4. The block, on the hash that its scope reaches; the one that ends last stays.
local scope = ARGV[15]
if scope ~= '' then
  local target = key
  if scope == 'usage_cap' or scope == 'paid' then target = KEYS[1] end
  if scope == 'credential' then target = KEYS[2] end
  local ends
  if ARGV[16] ~= '' then
    ends = place(tonumber(ARGV[16]))
  elseif ARGV[17] ~= '' then
    ends = now + tonumber(ARGV[17])
  elseif scope == 'endpoint_window' then
    ends = tonumber(redis.call('HGET', key, 'ends_at')) or 0
    if ends <= now then ends = now + WINDOW_MS end
  elseif scope == 'day_cap' then
    ends = tonumber(redis.call('HGET', key, 'day_ends_at')) or 0
    if ends <= now then ends = now + DAY_MS end
  elseif scope == 'per_second' then
    ends = now + LEARNED_INTERVAL_MS
  else
    ends = now + LONGEST_BLOCK_MS
  end
  ends = math.min(ends, now + LONGEST_BLOCK_MS)
  if scope == 'per_second' then redis.call('HSET', key, 'interval', LEARNED_INTERVAL_MS) end
  if ends > (tonumber(redis.call('HGET', target, 'blocked_until')) or 0) then
    redis.call('HSET', target, 'blocked_until', ends, 'blocked_by', scope, 'blocked_reason', ARGV[18])
  end
  live_at_least(target, ends - now + KEEP_MS)
  if target == key then enter_in_index() end
end
return held and 1 or 0
