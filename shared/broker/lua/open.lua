-- Open the gates of a queue before their time: what they were closed for is mended. One is let out to look, as ever.
-- KEYS: 1 gates (hash name -> state), 2 waiting
-- ARGV: 1 '1' if whatever waits is due now too, 2 now us (0: Redis TIME)
-- Returns: how many gates were closed
-- A state is 'opens_us credits in_a_row closed_us'.
-- TTL: as it was.
local now = tonumber(ARGV[2])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local opened = 0
local gates = redis.call('HGETALL', KEYS[1])
for i = 1, #gates, 2 do
  local opens, rest = string.match(gates[i + 1], '^(%d+) (.*)$')
  if tonumber(opens) > now then
    redis.call('HSET', KEYS[1], gates[i], string.format('%.0f %s', now, rest))
    opened = opened + 1
  end
end
if ARGV[1] == '1' then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. string.format('%.0f', now), '+inf')) do
    redis.call('ZADD', KEYS[2], string.format('%.0f', now), id)
  end
end
return opened
