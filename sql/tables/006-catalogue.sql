-- The catalogue of failure causes.
--
-- The rows are the platform's documented codes. They are written once: change a description, a category or
-- the advice on redialling, or add codes of your own; no later install touches what is there.

create table callresult.failure_category (
    category         text collate "C" primary key,
    rank             smallint not null
);

comment on table callresult.failure_category is 'The documented categories of failure causes';
comment on column callresult.failure_category.category is 'Name of the category, as documented';
comment on column callresult.failure_category.rank is 'Its place in the documented order';

insert into callresult.failure_category (category, rank) values
    ('Successful outbound call', 1),
    ('Call released by a subscriber', 2),
    ('Call normally released by the platform', 3),
    ('Call released by the platform due to insufficient system resources', 4),
    ('System error', 5),
    ('Others', 6);

create table callresult.failure_code (
    code             text collate "C" primary key,
    category         text collate "C" not null references callresult.failure_category,
    description      text not null,
    redial           text not null check (redial in ('soon', 'later', 'never', 'fix', 'no')),
    listed           boolean not null default false
);

comment on table callresult.failure_code is 'Failure causes by code; yours to edit';
comment on column callresult.failure_code.code is 'Code in five digits, as in call_result.cause_code';
comment on column callresult.failure_code.category is 'Category that reports count the code under';
comment on column callresult.failure_code.description is 'The cause in words';
comment on column callresult.failure_code.redial is
    'Advice: soon = the same day, later = another day, never = the number is no use, '
    'fix = once the platform''s fault is cured, no = nothing to redial';
comment on column callresult.failure_code.listed is
    'True for the callback interface''s own table of codes; false for the longer appendix and for additions';

create table callresult.failure_code_category (
    code             text collate "C" not null references callresult.failure_code on update cascade on delete cascade,
    category         text collate "C" not null references callresult.failure_category on update cascade,
    primary key (code, category)
);

comment on table callresult.failure_code_category is
    'Every documented pair of code and category; 34606 is documented under two';
comment on column callresult.failure_code_category.code is 'Listed code';
comment on column callresult.failure_code_category.category is 'Category it is documented under';

with documented (code, initial, redial, listed, description) as (values
    ('00000', 's', 'no', true, 'Answered'),
    ('00531', 'u', 'later', true, 'Called party hung up'),
    ('00537', 'u', 'soon', true, 'Called party busy'),
    ('00538', 'u', 'never', true, 'Number unallocated or wrong'),
    ('00548', 'u', 'later', true, 'Handset powered off'),
    ('00549', 'u', 'later', true, 'Called number out of service (original: handset out of coverage)'),
    ('00551', 'u', 'later', true, 'Called party hung up before the call was through'),
    ('00601', 'u', 'later', true, 'Called party hung up before answer'),
    ('00603', 'u', 'soon', true, 'No answer, call released'),
    ('00604', 'u', 'later', true, 'Call rejected'),
    ('00701', 'u', 'soon', true, 'Called party hung up while queued for an agent'),
    ('00702', 'p', 'soon', true, 'Queue wait timed out, platform released the call'),
    ('01040', 'p', 'soon', true, 'Ringing timed out'),
    ('01043', 'p', 'soon', true, 'Platform timed out waiting for the call result'),
    ('01046', 'p', 'soon', true, 'No agent could be reserved (never on transfer to IVR)'),
    ('01049', 'p', 'soon', true, 'Outbound call detection timed out'),
    ('34601', 'p', 'fix', true, 'Outbound campaign task does not exist'),
    ('34605', 'p', 'never', true, 'Called number was empty'),
    ('34606', 'p', 'soon', true, 'Call attempt not placed, commonly at the concurrent-call limit'),
    ('34608', 'p', 'soon', true, 'No result obtained before the timeout; record written back'),
    ('00602', 'r', 'fix', true, 'Platform out of resources'),
    ('00605', 'r', 'fix', true, 'Platform out of resources: switching equipment busy'),
    ('01048', 'r', 'fix', true, 'Platform out of resources: outbound call limit reached'),
    ('00606', 'e', 'fix', true, 'System error: queuing device timeout'),
    ('34611', 'e', 'fix', true, 'System error'),
    ('00003', 'r', 'fix', false, 'No resource'),
    ('00004', 'u', 'later', false, 'Called number being forwarded: number changed'),
    ('00005', 'u', 'soon', false, 'Call waiting'),
    ('00006', 'u', 'soon', false, 'Busy, call being forwarded'),
    ('00007', 'u', 'soon', false, 'No answer, call being forwarded'),
    ('00008', 'u', 'soon', false, 'Call being forwarded'),
    ('00009', 'u', 'later', false, 'Temporarily barred from service'),
    ('00010', 'u', 'soon', false, 'Call being forwarded while ringing'),
    ('00011', 'u', 'soon', false, 'Forwarded at once without ringing'),
    ('00012', 'u', 'later', false, 'Mobile subscriber unreachable'),
    ('00013', 'p', 'fix', false, 'Terminal state invalid'),
    ('00014', 'u', 'soon', false, 'Forwarded by the terminal, no cause given'),
    ('00015', 'u', 'soon', false, 'Forwarded by the called party'),
    ('00018', 'p', 'later', false, 'Far exchange is playing an announcement'),
    ('00129', 'u', 'never', false, 'Number unallocated'),
    ('00132', 'p', 'later', false, 'Special information tone sent'),
    ('00145', 'u', 'soon', false, 'User busy'),
    ('00146', 'u', 'soon', false, 'Nobody answered'),
    ('00147', 'u', 'soon', false, 'User did not respond'),
    ('00149', 'u', 'later', false, 'User rejected the call'),
    ('00150', 'u', 'never', false, 'Number changed'),
    ('00155', 'p', 'fix', false, 'Line fault'),
    ('00160', 'u', 'later', false, 'Music detected'),
    ('00162', 'u', 'later', false, 'Automatic device detected (answering machine, PBX)'),
    ('00180', 'u', 'soon', false, 'Ringback tone'),
    ('00181', 'u', 'soon', false, 'Busy tone'),
    ('00182', 'u', 'later', false, 'Special information tone'),
    ('00184', 'u', 'never', false, 'Modem detected'),
    ('00185', 'u', 'never', false, 'Fax detected'),
    ('00186', 'u', 'never', false, 'Modem or fax'),
    ('00187', 'u', 'later', false, 'Undefined signal tone'),
    ('00190', 'u', 'never', false, 'Text telephone (answer tone 1)'),
    ('00191', 'u', 'never', false, 'Text telephone (answer tone 2)'),
    ('00192', 'u', 'never', false, 'Text telephone (answer tone 3)'),
    ('00193', 'u', 'never', false, 'Text telephone (answer tone 4)'),
    ('00194', 'u', 'never', false, 'Text telephone (answer tone 5)'),
    ('00195', 'u', 'never', false, 'Text telephone (EDT)'),
    ('00196', 'u', 'never', false, 'Text telephone (FSK)'),
    ('00197', 'u', 'never', false, 'Text telephone (DTMF)'),
    ('00208', 'u', 'later', false, 'Handset powered off'),
    ('00209', 'u', 'never', false, 'Subscriber suspended'),
    ('00259', 'r', 'fix', false, 'Insufficient resources'),
    ('00260', 'u', 'never', false, 'Called party is a modem'),
    ('00261', 'u', 'never', false, 'Fax'),
    ('00262', 'u', 'never', false, 'Fax or modem'),
    ('00263', 'u', 'later', false, 'Answering machine'),
    ('00441', 'u', 'never', false, 'Fax detected'),
    ('00703', 'p', 'soon', false, 'Call data timed out'),
    ('01041', 'p', 'soon', false, 'Timed out reserving the agent''s device'),
    ('01056', 'p', 'soon', false, 'Agent and called party could not be connected'),
    ('01281', 'p', 'soon', false, 'Agent released the call before it was connected')
), initials (initial, category) as (values
    ('s', 'Successful outbound call'),
    ('u', 'Call released by a subscriber'),
    ('p', 'Call normally released by the platform'),
    ('r', 'Call released by the platform due to insufficient system resources'),
    ('e', 'System error')
)
insert into callresult.failure_code (code, category, description, redial, listed)
select d.code, i.category, d.description, d.redial, d.listed
from documented d join initials i using (initial);

insert into callresult.failure_code_category (code, category)
select code, category from callresult.failure_code where listed
union all
values ('34606', 'Call released by the platform due to insufficient system resources');
