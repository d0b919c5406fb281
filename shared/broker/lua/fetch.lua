-- Hand up to `room` due messages to one worker, the longest due first, and note that a worker that was handed some lives.
-- A message that crashed `alone_from` times is handed out only to a worker that has no other such message: it must
-- not take its neighbours down with it a last time. One that crashed `dead_from` times is handed out to be buried.
-- KEYS: 1 waiting, 2 payloads, 3 held (hash id -> receipt), 4 workers (zset worker -> last beat us),
--       5 crashes (hash id -> count)
-- ARGV: 1 worker, 2 room (1..500), 3 '1' if one lone message may be taken, 4 alone_from, 5 dead_from,
--       6 now us (0: Redis TIME)
-- Returns: {now us, ids dropped because their payload is gone, then for each message: id, receipt, payload, crashes}
-- A receipt is 'worker fetched_us due_us': unique to one delivery, and it restores the message's place in the queue.
-- TTL: none; what is held is given back by requeue, adopt or recover.
local worker, room, alone_free = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local alone_from, dead_from = tonumber(ARGV[4]), tonumber(ARGV[5])
local now = tonumber(ARGV[6])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local stamp = string.format('%.0f', now)

local reply = {stamp, 0}
local crashed = redis.call('HLEN', KEYS[5])
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, room + crashed)
local ids, dues, counts = {}, {}, {}
for i = 1, #due, 2 do
  local count = crashed > 0 and tonumber(redis.call('HGET', KEYS[5], due[i]) or 0) or 0
  local alone = count >= alone_from and count < dead_from
  if alone_free or not alone then
    alone_free = alone_free and not alone
    ids[#ids + 1], dues[#dues + 1], counts[#counts + 1] = due[i], due[i + 1], count
    if #ids == room then
      break
    end
  end
end
if #ids == 0 then
  return reply
end

-- A removal comes first: after it Redis lets a script write even when its memory is full, so that it can drain.
redis.call('ZREM', KEYS[1], unpack(ids))
redis.call('ZADD', KEYS[4], now, worker)
local payloads = redis.call('HMGET', KEYS[2], unpack(ids))
local receipts = {}
for i, id in ipairs(ids) do
  if payloads[i] then
    local receipt = worker .. ' ' .. stamp .. ' ' .. dues[i]
    receipts[#receipts + 1] = id
    receipts[#receipts + 1] = receipt
    reply[#reply + 1] = id
    reply[#reply + 1] = receipt
    reply[#reply + 1] = payloads[i]
    reply[#reply + 1] = counts[i]
  else
    reply[2] = reply[2] + 1
  end
end
if #receipts > 0 then
  redis.call('HSET', KEYS[3], unpack(receipts))
end
return reply
