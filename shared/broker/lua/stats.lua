-- Count the messages of many queues at one moment.
-- KEYS: waiting, held and dead of the first queue, then of the second, ...
-- ARGV: 1 now us (0: Redis TIME)
-- Returns: for each queue: ready, delayed, in flight, dead, how long the longest due one has been due in us
-- TTL: none; writes nothing.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local reply = {}
for i = 1, #KEYS, 3 do
  local ready = redis.call('ZCOUNT', KEYS[i], '-inf', now)
  local first = redis.call('ZRANGE', KEYS[i], 0, 0, 'WITHSCORES')
  reply[#reply + 1] = ready
  reply[#reply + 1] = redis.call('ZCARD', KEYS[i]) - ready
  reply[#reply + 1] = redis.call('HLEN', KEYS[i + 1])
  reply[#reply + 1] = redis.call('ZCARD', KEYS[i + 2])
  reply[#reply + 1] = ready > 0 and now - tonumber(first[2]) or 0
end
return reply
