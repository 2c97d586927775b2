-- wrk: PutItem of a 100-byte item under a random key of 1,000,000.
local body = '{"TableName":"Bench","Item":{"pk":{"S":"%08d"},"f":{"S":"' .. string.rep("x", 87) .. '"}}}'

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
wrk.headers["X-Amz-Target"] = "DynamoDB_20120810.PutItem"
wrk.headers["X-Amz-Date"] = "20260101T000000Z"
wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, "
  .. "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" .. string.rep("0", 64)

function init(args)
  math.randomseed(tonumber(args[1]) or 1)
end

function request()
  return wrk.format(nil, "/", nil, string.format(body, math.random(0, 999999)))
end
