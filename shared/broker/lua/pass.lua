-- Note that a message which a gate let out got its grant: the gate lets out more. Only a delivery fetched since the last
-- refusal says anything.
-- KEYS: 1 gates (hash name -> state), 2 line
-- ARGV: 1 name of the gate, 2 when the message was fetched us, 3 now us (0: Redis TIME)
-- Returns: 1 noted, 0 the gate closed since, or is gone: nothing was changed
-- Words in CAPITALS are constants of gates.py. A state is 'opens_us credits in_a_row closed_us'.
-- TTL: gates live GATE_TTL_MS.
local state = redis.call('HGET', KEYS[1], ARGV[1])
if not state then
  return 0
end
local _, credits, in_a_row, closed = string.match(state, '^(%d+) (%d+) (%d+) (%d+)$')
if tonumber(ARGV[2]) < tonumber(closed) then
  return 0
end
local now = tonumber(ARGV[3])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
in_a_row = tonumber(in_a_row) + 1
credits = math.min(MOST_CREDITS, credits + (in_a_row < ONE_BY_ONE and 1 or 2))
-- A removal comes first: after it Redis lets a script write even when its memory is full.
redis.call('HDEL', KEYS[1], ARGV[1])
if in_a_row < FREE_AFTER or redis.call('ZCARD', KEYS[2]) > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %d %d %s', now, credits, in_a_row, closed))
  redis.call('PEXPIRE', KEYS[1], GATE_TTL_MS)
end
return 1
