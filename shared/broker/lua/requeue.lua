-- Give messages back that this worker holds and did not start: each returns to its old place in the queue.
-- KEYS: 1 held, 2 waiting
-- ARGV: id, receipt, id, receipt, ...
-- Returns: how many were given back; those that another delivery holds by now are left alone
-- TTL: none.
local given = 0
for i = 1, #ARGV, 2 do
  local id, receipt = ARGV[i], ARGV[i + 1]
  if redis.call('HGET', KEYS[1], id) == receipt then
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZADD', KEYS[2], string.match(receipt, '(%d+)$'), id)
    given = given + 1
  end
end
return given
