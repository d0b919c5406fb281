-- Give back what dead workers hold, and count a crash for each message. A worker is dead when it has not beaten for
-- `timeout`, or was never heard of, while somebody was watching all that time: after an outage of Redis, or of all
-- workers, everybody first gets a full timeout to be heard again.
-- A message with one chance left waits before it: what killed its workers is then more likely to be over, if it was not
-- the message itself.
-- KEYS: 1 held, 2 waiting, 3 workers, 4 crashes, 5 watch (string: watched since, us)
-- ARGV: 1 timeout us, 2 gap ms (nobody has watched for this long: the watch begins anew), 3 crashes that leave one
--       chance (0: none does), 4 how long that waits us, 5 now us (0: Redis TIME)
-- Returns: how many messages were given back
-- TTL: watch lives `gap`; crashes of a message live until it is acked or dead.
local timeout, last_at, pause = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = tonumber(ARGV[5])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local since = tonumber(redis.call('GET', KEYS[5]) or now)
-- A removal comes first: after it Redis lets a script write even when its memory is full.
redis.call('DEL', KEYS[5])
redis.call('SET', KEYS[5], string.format('%.0f', since), 'PX', ARGV[2])
if now - since < timeout then
  return 0
end
local given = 0
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  local id = held[i]
  local holder, due = string.match(held[i + 1], '^(%S+) %d+ (%d+)$')
  local beat = tonumber(redis.call('ZSCORE', KEYS[3], holder) or 0)
  if now - beat > timeout then
    redis.call('HDEL', KEYS[1], id)
    if redis.call('HINCRBY', KEYS[4], id, 1) == last_at then
      due = string.format('%.0f', now + pause)
    end
    redis.call('ZADD', KEYS[2], due, id)
    given = given + 1
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', '(' .. string.format('%.0f', now - timeout))
return given
