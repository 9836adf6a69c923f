-- Writes documents and counters and moves the mark, if the mark is where it is expected.
-- KEYS: mark, then per document: document, counted, counters.
-- ARGV: from ('' for none), to, parked, then per document: field, version, position, created,
--       json, lifetime in ms (0: for ever), contributions as [[key, count, high, low], ...] of texts.
-- Amounts stay texts: a number of Lua is a float. Returns 1, or 0 when the mark is elsewhere.
if (redis.call('HGET', KEYS[1], 'position') or '') ~= ARGV[1] then
  return 0
end

local function negative(amount)
  if amount == '0' then
    return amount
  end
  if amount:sub(1, 1) == '-' then
    return amount:sub(2)
  end
  return '-' .. amount
end

-- Adds parts to counters, or takes them out; a counter that has come to nothing goes.
local function count(counters, parts, taken_out)
  for _, part in ipairs(parts) do
    local is_nothing = true
    for place, name in ipairs({ 'count', 'high', 'low' }) do
      local amount = part[place + 1]
      if taken_out then
        amount = negative(amount)
      end
      if redis.call('HINCRBY', counters, part[1] .. '\t' .. name, amount) ~= 0 then
        is_nothing = false
      end
    end
    if is_nothing then
      redis.call('HDEL', counters, part[1] .. '\tcount', part[1] .. '\thigh', part[1] .. '\tlow')
    end
  end
end

local at = 4
for place = 2, #KEYS, 3 do
  local document, counted, counters = KEYS[place], KEYS[place + 1], KEYS[place + 2]
  local field, version, lifetime = ARGV[at], ARGV[at + 1], ARGV[at + 5]
  local before = redis.call('HGET', counted, field)
  before = before and cjson.decode(before)
  if not before or tonumber(before.version) < tonumber(version) then
    local parts = cjson.decode(ARGV[at + 6])
    if before then
      count(counters, before.parts, true)
    end
    count(counters, parts, false)
    redis.call('HSET', counted, field,
      '{"version":"' .. version .. '","parts":' .. ARGV[at + 6] .. '}')
    redis.call('HSET', document, 'version', version, 'position', ARGV[at + 2],
      'created', ARGV[at + 3], 'json', ARGV[at + 4])
    if lifetime ~= '0' then
      redis.call('PEXPIRE', document, lifetime)
    end
  end
  at = at + 7
end
redis.call('HSET', KEYS[1], 'position', ARGV[2], 'parked', ARGV[3])
return 1
