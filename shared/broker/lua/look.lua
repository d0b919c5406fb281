-- Show messages of one queue without touching them: what waits, in the order of its due time, and what is held.
-- KEYS: 1 waiting, 2 payloads, 3 held, 4 gates
-- ARGV: 1 how many that wait to pass over, 2 how many of them to show (1..1000), 3 '1' to show what is held too,
--       4 now us (0: Redis TIME)
-- Returns: {now us, {name, state of each gate}, {id, due us, payload of each that waits}, {id, receipt, payload of each held}}
-- TTL: none; writes nothing.
local now = tonumber(ARGV[4])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local waiting = {}
local rows = redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[1] + ARGV[2] - 1, 'WITHSCORES')
for i = 1, #rows, 2 do
  waiting[#waiting + 1] = rows[i]
  waiting[#waiting + 1] = string.format('%.0f', tonumber(rows[i + 1]))
  waiting[#waiting + 1] = redis.call('HGET', KEYS[2], rows[i]) or ''
end
local held = {}
if ARGV[3] == '1' then
  local receipts = redis.call('HGETALL', KEYS[3])
  for i = 1, #receipts, 2 do
    held[#held + 1] = receipts[i]
    held[#held + 1] = receipts[i + 1]
    held[#held + 1] = redis.call('HGET', KEYS[2], receipts[i]) or ''
  end
end
return { string.format('%.0f', now), redis.call('HGETALL', KEYS[4]), waiting, held }
