-- Reads documents and what is known of them, at one moment.
-- KEYS: mark, vouched, then the documents. Returns the position ('' when nobody vouches for it),
-- then per document its place among those asked for, version, position, created and json.
local position = ''
if redis.call('EXISTS', KEYS[2]) == 1 then
  position = redis.call('HGET', KEYS[1], 'position') or ''
end
local found = {}
for place = 3, #KEYS do
  local parts = redis.call('HMGET', KEYS[place], 'version', 'position', 'created', 'json')
  if parts[1] then
    found[#found + 1] = { tostring(place - 3), parts[1], parts[2], parts[3], parts[4] }
  end
end
return { position, found }
