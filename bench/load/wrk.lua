-- Sends each line of a file as one body, from the first again after the last, and prints what it measured as one line.
local lines

function init(arguments)
  lines = assert(io.open(arguments[1], "r"))
end

function request()
  local body = lines:read("*l")
  if body == nil then
    lines:seek("set")
    body = lines:read("*l")
  end
  return wrk.format("POST", nil, nil, body)
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '\nRESULT {"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,"p50":%f,"p95":%f,"p99":%f}',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)
  ))
end
