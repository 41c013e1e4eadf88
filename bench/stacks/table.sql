-- What the peers store: one plain row a call result.
create table public.peer_result (
	call_time_local timestamp not null,
	call_id         text      not null,
	session_id      text      not null,
	campaign_id     text      not null,
	vdn_id          integer   not null,
	called          text      not null,
	call_status     integer,
	fail_code       text,
	custom_field    text,
	record_path     text,
	unique (call_time_local, call_id, session_id, campaign_id, vdn_id, called)
);
