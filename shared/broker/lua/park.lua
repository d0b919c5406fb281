-- Settle a delivery by placing the message again, in line at a gate; with a wait, close the gate for as long.
-- It waits like any other until long after the gate opens, so that a gate that is forgotten strands nothing; the line
-- is an index by age of what the gate may let out before.
-- KEYS: 1 held, 2 payloads, 3 waiting, 4 gates (hash name -> state), 5 line (zset id -> made ms), 6 dedup key (optional)
-- ARGV: 1 id, 2 receipt, 3 payload, 4 name of the gate, 5 when the message was made ms, 6 how long the gate closes us
--       (-1: as it stands), 7 lifetime of the dedup key in ms, 8 now us (0: Redis TIME)
-- Returns: 1 placed, 0 this delivery no longer holds the message: nothing was changed
-- Words in CAPITALS are constants of gates.py. A state is 'opens_us credits in_a_row closed_us'.
-- TTL: gates and line live GATE_TTL_MS; the dedup key as in reschedule.
local id, closes = ARGV[1], tonumber(ARGV[6])
if redis.call('HGET', KEYS[1], id) ~= ARGV[2] then
  return 0
end
local now = tonumber(ARGV[8])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
redis.call('HDEL', KEYS[1], id)
redis.call('HSET', KEYS[2], id, ARGV[3])

local due = now
local state = redis.call('HGET', KEYS[4], ARGV[4])
if closes >= 0 then
  due = now + closes + UNLED_US
  redis.call('HSET', KEYS[4], ARGV[4], string.format('%.0f 0 0 %.0f', now + closes, now))
elseif state then
  due = math.max(now, tonumber(string.match(state, '^%d+'))) + UNLED_US
end
redis.call('ZADD', KEYS[3], due, id)
if due > now then
  redis.call('ZADD', KEYS[5], ARGV[5], id)
  redis.call('PEXPIRE', KEYS[4], GATE_TTL_MS)
  redis.call('PEXPIRE', KEYS[5], GATE_TTL_MS)
end
if KEYS[6] then
  local owner = redis.call('GET', KEYS[6])
  if not owner or owner == id then
    redis.call('SET', KEYS[6], id, 'PX', tonumber(ARGV[7]) + math.ceil((due - now) / 1000))
  end
end
return 1
