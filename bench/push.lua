-- What wrk sends: every push another one, every record unique.  The records are those of database.c.
--
--   wrk ... -s push.lua URL -- RUN DAY RECORDS [DUPLICATES [PAUSE [TIMES]]]
--
-- RUN keeps the identities of runs apart; DAY is the date of the calls.  RECORDS a push, of which DUPLICATES were in the push
-- 64 before it.  PAUSE: milliseconds between an answer and the next push.  TIMES: how often each push is sent, at once and
-- on whichever connections are free.  A push is put together from pieces made beforehand, all of fixed lengths, so that wrk
-- takes little time itself.
local duplicate_age = 64
local records_a_second = 20
local pieces_a_record = 13

local threads = 0
function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
end

local n = -1
local day, records, duplicates, times
local pieces, beginnings = {}, {}

function init(args)
	run, day, records = args[1], args[2], tonumber(args[3])
	duplicates = tonumber(args[4] or 0)
	local pause = tonumber(args[5] or 0)
	times = tonumber(args[6] or 1)
	if pause > 0 then
		function delay() return pause end
	end
	local ends = { '6,"failCode":"00000"', '5,"failCode":"00537"', '5,"failCode":"00603"', '5,"failCode":"00538"' }
	for i = 0, 19 do
		beginnings[i] = '{"campaignId":"' .. i % 5 + 1 .. '","vdnId":11,"callStatus":' .. ends[i % 4 + 1]
	end
end

-- Which record stands in a slot of push n, and how many pushes ago it was new.
local function source(slot)
	if slot >= duplicates or n < duplicate_age then return slot, 0 end
	return duplicates + slot % (records - duplicates), duplicate_age
end

-- What is the same in every push.
local function fix(slot)
	local from = source(slot)
	local at = 2 + slot * pieces_a_record
	pieces[at] = slot == 0 and "[" or ","
	pieces[at + 2] = ',"sessionId":"' .. run .. "." .. number .. "." .. from .. "-"
	pieces[at + 4] = string.format('","called":"1%03d', from)
	pieces[at + 6] = '","callTimeStr":"' .. day .. " "
	pieces[at + 8] = '","callId":"0023-' .. from .. "-"
	pieces[at + 10] = '","recordPath":"Y:/1/11/3408/' .. from .. "-"
	pieces[at + 12] = '.V3"}'
end

local function time(push)
	local second = math.floor(push * records / records_a_second) % 86400
	return string.format("%02d:%02d:%02d", math.floor(second / 3600), math.floor(second / 60) % 60, second % 60)
end

-- What is another in every push.
local function fill(slot, from, push, name, when)
	local at = 2 + slot * pieces_a_record
	pieces[at + 1] = beginnings[(push + from) % 20]
	pieces[at + 3], pieces[at + 5], pieces[at + 9], pieces[at + 11] = name, name, name, name
	pieces[at + 7] = when
end

local function fill_all()
	local name, when = string.format("%09d", n), time(n)
	local old_name, old_when = string.format("%09d", math.max(0, n - duplicate_age)), time(n - duplicate_age)
	for slot = 0, records - 1 do
		local from, age = source(slot)
		if age == 0 then fill(slot, from, n, name, when) else fill(slot, from, n - age, old_name, old_when) end
	end
end

local function lay_out()
	for slot = 0, records - 1 do fix(slot) end
	pieces[2 + records * pieces_a_record] = "]"
	fill_all()
	pieces[1] = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " ..
	    #table.concat(pieces, "", 2) .. "\r\n\r\n"
end

local function make()
	n = n + 1
	if n == 0 or n == duplicate_age and duplicates > 0 then lay_out() else fill_all() end
	return table.concat(pieces)
end

local made, push = 0
function request()
	if made % times == 0 then push = make() end
	made = made + 1
	return push
end

function done(summary, latency)
	local errors = summary.errors
	io.write(string.format("pushes=%d seconds=%.6f p50=%d p99=%d failures=%d\n", summary.requests,
	    summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
	    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
