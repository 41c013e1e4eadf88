-- nginx with Lua: pgmoon over nginx's own sockets, kept in a pool; the statement is prepared once a connection.
local cjson = require "cjson.safe"
local pgmoon = require "pgmoon"

local folder = debug.getinfo(1, "S").source:match("^@(.*/)")
local insert = assert(io.open(folder .. "insert.sql")):read("*a")
local key = { "callTimeStr", "callId", "sessionId", "campaignId", "vdnId", "called" }

local function answer(status, code, message)
	local text = '{"retCode":"' .. code .. '","retMsg":"' .. message .. '"}'
	ngx.status = status
	ngx.header["Content-Type"] = "application/json"
	ngx.header["Content-Length"] = #text
	ngx.print(text)
	return ngx.exit(ngx.OK)
end

local function is_record(record)
	if type(record) ~= "table" then return false end
	for _, name in ipairs(key) do
		if record[name] == nil then return false end
	end
	return true
end

local function is_good(list)
	if type(list) ~= "table" or #list == 0 and next(list) ~= nil then return false end
	for _, record in ipairs(list) do
		if not is_record(record) then return false end
	end
	return true
end

local function store(body)
	local database = pgmoon.new { socket_path = ngx.var.database_socket, database = "callresult", user = "postgres",
		pool_size = 64, backlog = 1000 }
	local done, fault = database:connect()
	if done and database.sock:getreusedtimes() == 0 then
		done, fault = database:query("prepare store (json) as " .. insert)
	end
	if done then done, fault = database:query("execute store (" .. database:escape_literal(body) .. ")") end
	if done then
		database:keepalive()
	else
		ngx.log(ngx.ERR, fault)
		database:disconnect()
	end
	return done
end

local callback = {}

function callback.serve()
	ngx.req.read_body()
	local body = ngx.req.get_body_data()
	if not body or not is_good(cjson.decode(body)) then return answer(400, "400", "not a list of call results") end
	if not store(body) then return answer(500, "500", "not stored") end
	return answer(200, "0", "success")
end

return callback
