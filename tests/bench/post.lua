-- SPDX-License-Identifier: Apache-2.0
-- For wrk: the file named in BODY is posted, with the header lines of that in HEADERS.
wrk.method = "POST"
wrk.body = io.open(os.getenv("BODY"), "rb"):read("*a")
for line in io.lines(os.getenv("HEADERS")) do
    local name, value = line:match("(.-): (.*)")
    wrk.headers[name] = value
end
