-- Hand up to `room` due messages to one worker, the longest due first, and note that a worker that was handed some lives.
-- A message that crashed `alone_from` times is handed out only to a worker that has no other such message: it must
-- not take its neighbours down with it a last time. One that crashed `dead_from` times is handed out to be buried.
-- What waits in line at a gate is handed out as the gate allows, in the order of age among all others.
-- KEYS: 1 waiting, 2 payloads, 3 held (hash id -> receipt), 4 workers (zset worker -> last beat us),
--       5 crashes (hash id -> count); where the queue has gates: 6 gates (hash name -> state), 7.. the line of each
-- ARGV: 1 worker, 2 room (1..500), 3 '1' if one lone message may be taken, 4 alone_from, 5 dead_from,
--       6 now us (0: Redis TIME), 7.. the name of each gate
-- Returns: {now us, ids dropped because their payload is gone, us until a gate lets more out (0: none will),
--       numbers of the gates that stand, then for each message: id, receipt, payload, crashes, number of its gate or 0}
-- A receipt is 'worker fetched_us due_us': unique to one delivery, and it restores the message's place in the queue.
-- A state is 'opens_us credits in_a_row closed_us'. Words in CAPITALS are constants of gates.py.
-- TTL: gates and lines live GATE_TTL_MS; what is held is given back by requeue, adopt or recover.
local worker, room, alone_free = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local alone_from, dead_from = tonumber(ARGV[4]), tonumber(ARGV[5])
local now = tonumber(ARGV[6])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local stamp = string.format('%.0f', now)

local crashed = redis.call('HLEN', KEYS[5])
local found, in_line, gates, standing, next_us = {}, {}, {}, {}, 0

local function wake_in(us)
  if us > 0 and (next_us == 0 or us < next_us) then next_us = us end
end

-- What an open gate lets out: as many as it has credits, or one to look. Its line is an index of what waits here.
local function let_out(gate)
  gate.credits = math.max(gate.credits, 1)
  local line = redis.call('ZRANGE', gate.line, 0, math.min(gate.credits, room) + crashed - 1, 'WITHSCORES')
  for i = 1, #line, 2 do
    if redis.call('ZSCORE', KEYS[1], line[i]) then
      found[#found + 1] = { id = line[i], due = stamp, at = tonumber(line[i + 1]) * 1000, gate = gate }
      in_line[line[i]] = true
    else
      redis.call('ZREM', gate.line, line[i])
    end
  end
end

if KEYS[6] then
  for number, state in ipairs(redis.call('HMGET', KEYS[6], unpack(ARGV, 7))) do
    if state then
      local opens, credits, in_a_row, closed = string.match(state, '^(%d+) (%d+) (%d+) (%d+)$')
      local gate = { number = number, name = ARGV[6 + number], line = KEYS[6 + number], credits = tonumber(credits),
        rest = in_a_row .. ' ' .. closed, taken = 0 }
      gates[#gates + 1], standing[#standing + 1] = gate, number
      if now >= tonumber(opens) then let_out(gate) else wake_in(tonumber(opens) - now) end
    end
  end
end

local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, room + crashed)
for i = 1, #due, 2 do
  if not in_line[due[i]] then
    found[#found + 1] = { id = due[i], due = due[i + 1], at = tonumber(due[i + 1]) }
  end
end
if next(in_line) then
  table.sort(found, function(a, b) return a.at < b.at or (a.at == b.at and a.id < b.id) end)
end

local ids, taken = {}, {}
for _, one in ipairs(found) do
  one.crashes = crashed > 0 and tonumber(redis.call('HGET', KEYS[5], one.id) or 0) or 0
  local alone = one.crashes >= alone_from and one.crashes < dead_from
  local may_pass = not one.gate or one.gate.taken < one.gate.credits
  if may_pass and (alone_free or not alone) then
    alone_free = alone_free and not alone
    if one.gate then one.gate.taken = one.gate.taken + 1 end
    ids[#ids + 1], taken[#taken + 1] = one.id, one
    if #ids == room then
      break
    end
  end
end
local reply = { stamp, 0, string.format('%.0f', next_us), table.concat(standing, ' ') }
if #ids == 0 then
  return reply
end

-- A removal comes first: after it Redis lets a script write even when its memory is full, so that it can drain.
redis.call('ZREM', KEYS[1], unpack(ids))
redis.call('ZADD', KEYS[4], now, worker)
for _, gate in ipairs(gates) do
  redis.call('ZREM', gate.line, unpack(ids))
  if gate.taken > 0 then
    local credits = gate.credits - gate.taken
    -- No credit is left: another one is let out on a word of success, or when there was no word for a moment.
    local opens = credits > 0 and now or now + LOOK_US
    wake_in(opens - now)
    redis.call('HSET', KEYS[6], gate.name, string.format('%.0f %d %s', opens, credits, gate.rest))
    redis.call('PEXPIRE', KEYS[6], GATE_TTL_MS)
    redis.call('PEXPIRE', gate.line, GATE_TTL_MS)
  end
end
reply[3] = string.format('%.0f', next_us)
local payloads = redis.call('HMGET', KEYS[2], unpack(ids))
local receipts = {}
for i, one in ipairs(taken) do
  if payloads[i] then
    local receipt = worker .. ' ' .. stamp .. ' ' .. one.due
    receipts[#receipts + 1] = one.id
    receipts[#receipts + 1] = receipt
    reply[#reply + 1] = one.id
    reply[#reply + 1] = receipt
    reply[#reply + 1] = payloads[i]
    reply[#reply + 1] = one.crashes
    reply[#reply + 1] = one.gate and one.gate.number or 0
  else
    reply[2] = reply[2] + 1
  end
end
if #receipts > 0 then
  redis.call('HSET', KEYS[3], unpack(receipts))
end
return reply
