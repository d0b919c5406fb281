-- Forget a message whose work is done, if this delivery still holds it.
-- Uses no command that Redis refuses when its memory is full: a full Redis must be able to drain.
-- KEYS: 1 held, 2 payloads, 3 crashes, 4 dedup key (optional)
-- ARGV: 1 id, 2 receipt
-- Returns: 1 forgotten, 0 this delivery no longer holds the message: nothing was changed
-- TTL: none.
local id = ARGV[1]
if redis.call('HGET', KEYS[1], id) ~= ARGV[2] then
  return 0
end
redis.call('HDEL', KEYS[1], id)
redis.call('HDEL', KEYS[2], id)
redis.call('HDEL', KEYS[3], id)
if KEYS[4] and redis.call('GET', KEYS[4]) == id then
  redis.call('DEL', KEYS[4])
end
return 1
