-- Settle a delivery by placing the same message again, later, in one step: it is never absent and never in two places.
-- Its crashes stay counted: a message that is deferred between two crashes is still the reason of both.
-- KEYS: 1 held, 2 payloads, 3 waiting, 4 dedup key (optional)
-- ARGV: 1 id, 2 receipt, 3 new payload, 4 delay us, 5 lifetime of the dedup key in ms, 6 now us (0: Redis TIME)
-- Returns: 1 placed, 0 this delivery no longer holds the message: nothing was changed
-- TTL: the dedup key is kept (or taken again, if it expired) for ARGV[5] plus the delay, unless another message owns it.
local id, delay = ARGV[1], tonumber(ARGV[4])
if redis.call('HGET', KEYS[1], id) ~= ARGV[2] then
  return 0
end
local now = tonumber(ARGV[6])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
redis.call('HDEL', KEYS[1], id)
redis.call('HSET', KEYS[2], id, ARGV[3])
redis.call('ZADD', KEYS[3], now + delay, id)
if KEYS[4] then
  local owner = redis.call('GET', KEYS[4])
  if not owner or owner == id then
    redis.call('SET', KEYS[4], id, 'PX', tonumber(ARGV[5]) + math.ceil(delay / 1000))
  end
end
return 1
