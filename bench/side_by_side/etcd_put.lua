-- wrk: the put of an 87-byte value under a random key of 1,000,000, over etcd's JSON gateway: what put_item.lua does.
local value = string.rep("eHh4", 29) -- base64 of 87 times x

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

function init(args)
  math.randomseed(tonumber(args[1]) or 1)
end

-- Any text of base64's alphabet, a multiple of four characters long, is a key.
function request()
  return wrk.format(nil, "/v3/kv/put", nil, string.format('{"key":"%08d","value":"%s"}', math.random(0, 999999), value))
end
