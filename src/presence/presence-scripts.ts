import { redisScript } from '../redis/redis-script';

/**
 * What nodes share. KEYS[1], `people`: a person's sockets as words, `+node/socket` open, `?node/socket` in its handshake,
 * `~time` when one was last closed, until it is told that the person has gone or they are back. KEYS[2], `nodes`: until when each of them lives. Redis' own clock, because those of
 * the nodes differ. The rules are those of presence-rules.ts; a test holds the two against each other.
 */
const COMMON = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local grace = tonumber(ARGV[1])
local function nodeOf(word) return string.match(word, '^.(.-)/') end
local function ends(node) return tonumber(redis.call('ZSCORE', KEYS[2], node) or 0) end
local function load(words)
  local living, dead, left = {}, {}, 0
  for word in string.gmatch(words or '', '%S+') do
    if string.sub(word, 1, 1) == '~' then left = tonumber(string.sub(word, 2))
    elseif ends(nodeOf(word)) > now then table.insert(living, word)
    else table.insert(dead, word) end
  end
  return living, dead, left
end
local function onlineFor(living, left)
  for _, word in ipairs(living) do
    if string.sub(word, 1, 1) == '+' then return -1 end
  end
  return math.max(0, left + grace - now)
end
local function save(person, living, left)
  local words = table.concat(living, ' ')
  if left > 0 then words = words .. ' ~' .. string.format('%.0f', left) end
  if words == '' then redis.call('HDEL', KEYS[1], person) else redis.call('HSET', KEYS[1], person, words) end
end
`;

/**
 * One step of one socket. ARGV: grace, person, step, node/socket, places. Returns null, and does nothing, when the node
 * does not live: what it holds would count for nobody. Else
 * take: 1 taken, 0 all places are · open: 1 this brought the person online, else 0 · close: 0 ·
 * settle: 0 still online, or somebody else said that they are not; n > 0: ask again in n ms; n < 0: gone since -n.
 */
export const STEP = redisScript(`${COMMON}
local person, step, socket, places = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
if ends(nodeOf('+' .. socket)) <= now then return false end
local words = redis.call('HGET', KEYS[1], person)
local living, _, left = load(words)
local stays = onlineFor(living, left)
if step == 'settle' then
  if not words or stays == -1 then return 0 end
  if stays > 0 then return stays end
  save(person, living, 0)
  return -left
end
local wasOpen = false
for i = #living, 1, -1 do
  if string.sub(living[i], 2) == socket then
    wasOpen = string.sub(living[i], 1, 1) == '+'
    table.remove(living, i)
  end
end
local answer = 0
if step == 'take' then
  -- Known already when its node registered anew meanwhile: it asks for a place beside the others all the same.
  if #living < places then
    table.insert(living, '?' .. socket)
    answer = 1
  end
elseif step == 'open' then
  table.insert(living, '+' .. socket)
  left = 0
  if stays == 0 then answer = 1 end
elseif wasOpen then left = now end
save(person, living, left)
return answer
`);

/** All sockets of some people of a node that has got another id. ARGV: grace, the old id, then person and words. */
export const REGISTER = redisScript(`${COMMON}
for i = 3, #ARGV, 2 do
  local living, _, left = load(redis.call('HGET', KEYS[1], ARGV[i]))
  local words = {}
  for _, word in ipairs(living) do
    if nodeOf(word) ~= ARGV[2] then table.insert(words, word) end
  end
  for word in string.gmatch(ARGV[i + 1], '%S+') do table.insert(words, word) end
  save(ARGV[i], words, left)
end
return 0
`);

/** ARGV: grace, node, milliseconds: from now on it lives so long. */
export const LEASE = redisScript(`${COMMON}
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]), ARGV[2])
return 0
`);

/**
 * A node lives and says how much it holds. KEYS[3]: counts, KEYS[4]: who reaps. ARGV: grace, node, lease, sockets,
 * authenticated, kept. Returns {0 when the lease had ended, 1 when there are dead nodes for the caller to reap, the time,
 * sockets, authenticated, people}.
 */
export const BEAT = redisScript(`${COMMON}
local node = ARGV[2]
if ends(node) <= now then return {0, 0, 0, 0, 0, 0} end
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]), node)
redis.call('HSET', KEYS[3], node, ARGV[4] .. ' ' .. ARGV[5])
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[6]) end
local reap = 0
if redis.call('ZCOUNT', KEYS[2], '-inf', now) > 0 and
  redis.call('SET', KEYS[4], node, 'NX', 'PX', math.floor(tonumber(ARGV[3]) / 25)) then reap = 1 end
local sockets, authenticated = 0, 0
for _, other in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], now, '+inf')) do
  local all, known = string.match(redis.call('HGET', KEYS[3], other) or '0 0', '(%d+) (%d+)')
  sockets, authenticated = sockets + all, authenticated + known
end
return {1, reap, now, sockets, authenticated, redis.call('HLEN', KEYS[1])}
`);

/**
 * Removes what dead nodes left of some people. ARGV: grace, cursor, how many, lease. Returns the next cursor, then each
 * person who is offline by it and since when, as far as anybody knows.
 */
export const REAP = redisScript(`${COMMON}
local page = redis.call('HSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local answer = {page[1]}
for i = 1, #page[2], 2 do
  local person = page[2][i]
  local living, dead, left = load(page[2][i + 1])
  local seen = left
  for _, word in ipairs(dead) do seen = math.max(seen, ends(nodeOf(word)) - tonumber(ARGV[4])) end
  local isGone = onlineFor(living, left) == 0 and #living == 0
  if isGone then
    save(person, living, 0)
    table.insert(answer, person)
    table.insert(answer, seen)
  elseif #dead > 0 then save(person, living, left) end
end
return answer
`);

/** Forgets nodes that were dead by then. KEYS[3]: counts. ARGV: grace, the time. */
export const FORGET = redisScript(`${COMMON}
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2])) do
  redis.call('ZREM', KEYS[2], node)
  redis.call('HDEL', KEYS[3], node)
end
return 0
`);

/** ARGV: grace, then people. Returns the time, the nodes with the ends of their leases, and each one's words. */
export const READ = redisScript(`${COMMON}
return {now, redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES'), redis.call('HMGET', KEYS[1], unpack(ARGV, 2))}
`);

/** ARGV: grace, how many. Returns that many people of whom something is known, any of them. */
export const SOME = redisScript(`return redis.call('HRANDFIELD', KEYS[1], ARGV[2])`);
