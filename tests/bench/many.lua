-- SPDX-License-Identifier: Apache-2.0
-- For wrk: each request has the next line of the file named in HEADERS among its header lines.
local lines, at = {}, 0
for line in io.lines(os.getenv("HEADERS")) do
    lines[#lines + 1] = line:match(": (.*)")
end

function request()
    at = at % #lines + 1
    return wrk.format("GET", nil, {["X-API-Key"] = lines[at]})
end
