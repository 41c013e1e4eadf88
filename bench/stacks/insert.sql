insert into public.peer_result (call_time_local, call_id, session_id, campaign_id, vdn_id, called, call_status,
	fail_code, custom_field, record_path)
select "callTimeStr", "callId", "sessionId", "campaignId", "vdnId", called, "callStatus", "failCode",
	"customField", "recordPath"
from json_to_recordset($1::json) as r ("callTimeStr" timestamp, "callId" text, "sessionId" text, "campaignId" text,
	"vdnId" integer, called text, "callStatus" integer, "failCode" text, "customField" text, "recordPath" text)
on conflict do nothing
