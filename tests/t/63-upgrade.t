#!/usr/bin/perl
# Installing: from nothing, again, over data of step 5, beside a push that is being stored, and where it has to refuse; no row
# is lost or changed, and the tally counts them all.  And who may install: the owner of a database, with and without
# CREATEROLE, and never a superuser by need.
use strict;
use warnings;
use Test::More;
use Rig qw(folder source run_command spawn stop_process wait_for read_file write_file);
use Rig::Postgres;

my $postgres = Rig::Postgres->start_new(schema => 0);

sub psql {
	my ($server, $database, $user, @more) = @_;
	return run_command('psql', '-X', '-v', 'ON_ERROR_STOP=1', '-h', $server->{folder}, '-U', $user, '-d', $database, @more);
}

sub install { my ($server, $database, $user) = @_; return psql($server, $database, $user // 'postgres', '-q', '-f', source() . '/sql/install.sql') }

# What it says when it fails.
sub refusal { my ($database) = @_; return eval { install($postgres, $database); '' } // $@ }

sub new_database {
	my ($name, $dump) = @_;
	$postgres->sql("create database $name", 'postgres');
	psql($postgres, $name, 'postgres', '-q', '-f', $dump) if $dump;
	return $name;
}

# Three pushes: two months and no month, a repetition, other content, and a bad record.
my $pushes = <<'END';
select s.* from (values
    (1, '2026-01-01 10:00:00+00'::timestamptz, '537'), (2, '2026-01-01 10:00:01+00', '537'), (3, '2026-01-01 10:00:02+00', '0')) p (n, arrived, code)
cross join lateral (select md5('push' || n)::uuid as id) i
cross join lateral callresult.store(p_id => array[id], p_received_at => array[arrived], p_arrived => array[arrived],
    p_remote_addr => array['192.0.2.1'], p_source => array['main'], p_bytes => array[100::bigint], p_sha256 => array['\x00'::bytea],
    p_records => array[4], p_rows => array[3], p_quarantined => array[1], p_spooled => array[false], p_late => array[false], r_push => array[1, 1, 1],
    r_campaign_id => array['a', 'a', 'b'], r_session_id => array['s1', 's2', 's3'], r_called => array['1', '2', '3'],
    r_call_time_local => array[null::timestamp, '2026-01-31 23:59:59', '2026-02-01 00:00:00'], r_call_status => array[5, 6, 5]::smallint[],
    r_fail_code => array[code, '0', '99999'], r_cause_code => array[lpad(code, 5, '0'), '00000', '99999'], r_vdn_id => array[1, null, 2],
    r_call_id => array['c', 'c', 'c'], r_custom_field => array[null, null, null], r_record_path => array[null, 'Y:/1', null],
    r_extra => array[null, null, '{"x": 1}'::jsonb], call_timezone => 'Asia/Shanghai', careful => false,
    q_push => array[1], q_reason => array['callStatus: missing'], q_raw => array['\x7b7d'::bytea]) s
END
my $rows = <<'END';
insert into callresult.call_result (campaign_id, session_id, call_time_local, call_status, cause_code, push_id, received_at, arrived_at)
select 'c' || i % 3, i, timestamp '2026-01-30' + i * interval '1 h', 5 + i % 2, '00537', gen_random_uuid(), now(), now() from generate_series(1, 100) i
END
my @tables = qw(call_result call_result_revision push quarantine failure_category failure_code failure_code_category);

# The rows of a table, without what step 6 added, and the tables it is in.
sub fingerprint {
	my ($database, $where) = @_;
	return join "\n", map { $postgres->sql("select '$_', count(*), md5(string_agg((to_jsonb(t) - '{arrived_at,source,bytes,abandoned,last_call}'::text[])::text, ',' order by to_jsonb(t) - '{arrived_at,source,bytes,abandoned,last_call}'::text[]))
		from callresult.$_ t " . ($where->{$_} // ''), $database) } @tables;
}

# The tables that the rows are in.
sub places {
	my ($database, $where) = @_;
	return join "\n", map { $postgres->sql("select tableoid::regclass, count(*) from callresult.$_ " . ($where->{$_} // '') . ' group by 1 order by 1',
		$database) } qw(call_result call_result_revision push);
}

# --- from nothing, under settings of a database that would stop it half-way
new_database('fresh');
$postgres->sql("alter database fresh set $_", 'postgres') for q{default_transaction_isolation = 'serializable'},
    'default_transaction_read_only = on', 'search_path = public', q{statement_timeout = '1ms'}, 'check_function_bodies = off';
install($postgres, 'fresh');
$postgres->sql("alter database fresh reset all", 'postgres');
is $postgres->sql('select string_agg(step::text, $$ $$) from callresult.schema_version', 'fresh'), '6', 'from nothing, under odd settings';
$postgres->sql($rows, 'fresh');
$postgres->sql($pushes, 'fresh');
# Debian's pg_dump refuses a newer server than its own (tests/versions).
my $dump = sub { !Rig::Postgres::has_own_clients() ? '' : run_command(Rig::Postgres::bin() . '/pg_dump', '-h', $postgres->{folder}, '-U', 'postgres', '-s', @_) =~ s/^\\(?:un)?restrict.*\n//gmr };
my $before = fingerprint('fresh');
$postgres->sql('create view public.owner_view as select * from callresult.calls', 'fresh');
install($postgres, 'fresh') for 1, 2;
is fingerprint('fresh'), $before, 'again: every row is as it was';
is $postgres->sql('select count(*) from callresult.call_result_default where call_time_local is not null', 'fresh'), 0,
    'what waited for a month has it';
is $postgres->sql('select * from callresult.check_tally()', 'fresh'), '', 'all are counted';
my $once = $dump->('fresh');
install($postgres, 'fresh');
is $dump->('fresh'), $once, 'once more changes nothing, beside a view of the owner\'s';

# --- over step 5
my $step_5 = source() . '/tests/data/step-5.sql';
new_database('from_5', $step_5);
$postgres->sql('create role bob login; create role carol', 'postgres');
$postgres->sql('grant usage on schema callresult to bob; grant select on callresult.campaign_summary to bob with grant option;
	grant select on callresult.push to carol', 'from_5');
my %short = (call_result => 'where (octet_length(fail_code) > 64) is not true', quarantine => q{where reason not like 'failCode%'});
$before = fingerprint('from_5', \%short) . places('from_5', \%short);
is refusal('from_5'), '', 'step 5 is converted';
is $postgres->sql(q{select count(*) from callresult.call_result where campaign_id = 'long'}, 'from_5'), 1, 'what fits stays';
is $postgres->sql(q{select count(*), count(*) filter (where convert_from(raw, 'UTF8')::jsonb->>'failCode' = repeat('y', case called
	when '13800138002' then 65 else 66 end) and convert_from(raw, 'UTF8')::jsonb @> '{"campaignId": "long", "vdnId": 7, "callStatus": 5,
	"callTimeStr": "2026-01-30 10:00:00", "other": "field"}') from (select *, convert_from(raw, 'UTF8')::jsonb->>'called' as called
	from callresult.quarantine where reason like 'failCode%') q}, 'from_5'), '2|2', 'failCodes of more than 64 bytes are in quarantine';
is fingerprint('from_5', \%short) . places('from_5', \%short), $before, 'every other row is as it was, and in its month';
is $postgres->sql('select * from callresult.check_tally()', 'from_5'), '', 'all are counted';
is $postgres->sql(q{select string_agg(step::text, ' ' order by step) from callresult.schema_version}, 'from_5'), '1 2 3 4 5 6', 'the steps are told';
is $postgres->sql(q{select to_regnamespace('callresult_5') is null}, 'from_5'), 't', 'nothing is left of the old schema';
is $postgres->sql(q{select string_agg(code, ' ' order by code) from callresult.failure_code where abandoned}, 'from_5'), '00701 00702',
    'what is new of the catalogue is there';
is $postgres->sql($pushes, 'from_5'), join("\n", ('0|0|0|0|0') x 3), 'what comes again is known';
is $postgres->sql('select calls from callresult.campaign_summary limit 1', 'from_5', 'bob') ne '', 1, 'bob reads what he was granted';
is $postgres->sql(q{select has_table_privilege('carol', 'callresult.push', 'select'), has_table_privilege('bob',
	'callresult.campaign_summary', 'select with grant option')}, 'from_5'), 't|t', 'grants are as they were';
new_database('new');
install($postgres, 'new');
my $tables = sub { join "\n", sort grep { length && !/_y\d{4}m\d\d|GRANT|^--/ } split /\n/, $dump->('-n', 'callresult', '-T', 'callresult.*_y2*', $_[0]) };
is $tables->('from_5'), $tables->('new'), 'and is what a new installation is';

# --- from when each change had two triggers, and erasing a function more
new_database('two_triggers');
install($postgres, 'two_triggers');
$postgres->sql($_, 'two_triggers') for 'drop function callresult.note_changes() cascade; drop function callresult.add_change_triggers(regclass)',
	map({ "create function callresult.$_() returns trigger language plpgsql as 'begin return null; end'" } 'tally', 'note_change'),
	map({ "create function callresult.add_$_\_triggers(result_table regclass) returns void language sql return null" } 'tally', 'feed'),
	'create trigger tally_insert after insert on callresult.call_result for each statement execute function callresult.tally()',
	'create trigger then_feed_update after update on callresult.call_result_default for each statement execute function callresult.note_change()',
	'create function callresult.is_number(called text, number text, every_form boolean) returns boolean language sql return true';
install($postgres, 'two_triggers');
is $tables->('two_triggers'), $tables->('new'), 'each has one';
$postgres->sql($rows, 'two_triggers');
is $postgres->sql('select * from callresult.check_tally()', 'two_triggers'), '', 'which counts';

# --- what it refuses, before anything is changed
for my $case (['create view public.mine as select * from callresult.calls', qr/depend on its tables: public\.mine\b/],
	['create materialized view callresult.mine as select * from callresult.push', qr/depend on its tables: callresult\.mine\b/],
	['create function public.mine() returns bigint language sql begin atomic select count(*) from callresult.push; end', qr/mine\(\)/],
	['alter table callresult.call_result add column mine text', qr/columns are not of callresult: call_result\.mine/]) {
	my ($sql, $said) = @$case;
	my $name = new_database('refuses', $step_5);
	$postgres->sql($sql, $name);
	my $was = $dump->($name) . fingerprint($name);
	like refusal($name), $said, "refused and named: $sql";
	is $dump->($name) . fingerprint($name), $was, 'nothing is changed';
	$postgres->sql("drop database $name", 'postgres');
}

# --- while a push is being stored
my $log = folder() . '/busy.log';
my $push = spawn(['psql', '-X', '-q', '-h', $postgres->{folder}, '-U', 'postgres', '-d', 'new', '-c',
	"begin; $rows; select 'stored'", '-c', 'select pg_sleep(3)', '-c', 'commit'], log => $log);
wait_for(sub { read_file($log) =~ /stored/ });
install($postgres, 'new');
is $postgres->sql('select sum(calls) from callresult.campaign_summary', 'new'), 100, 'what was being stored is counted';
is $postgres->sql('select * from callresult.check_tally()', 'new'), '', 'once';
stop_process($push);

# --- by an owner who may create roles, and by one who may not
my $managed = Rig::Postgres->start_new(schema => 0);
$managed->sql('create role plain login; create role chief login createrole; create role deputy login createrole', 'postgres');
$managed->sql("create database $_ owner $_", 'postgres') for qw(plain chief deputy);
like psql($managed, 'plain', 'plain', '-f', source() . '/sql/install.sql'), qr/may not create roles.*CREATE ROLE callresult_writer NOLOGIN/s,
    'a plain owner is told what to ask for';
is $managed->sql('select count(*) from callresult.campaign_summary', 'plain', 'plain'), 0, 'and has the schema';
psql($managed, 'chief', 'chief', '-q', '-f', source() . '/sql/install.sql');
is $managed->sql(q{select count(*) from pg_roles where rolname ~ '^callresult_' and not rolcanlogin and not rolsuper}, 'postgres'), 5,
    'an owner with CREATEROLE makes the roles';
unlike psql($managed, 'plain', 'plain', '-f', source() . '/sql/install.sql'), qr/may not create roles/, 'the plain owner runs it again';
$managed->sql('create role worker login in role callresult_writer; create role alice login in role callresult_reader', 'postgres');

# whoever comes second is told what he needs to grant them, and it does
for my $owner (qw(plain deputy)) {
	my ($grant) = psql($managed, $owner, $owner, '-f', source() . '/sql/install.sql') =~ /may not grant the roles.*?(GRANT .*;)/;
	is defined $grant, $owner eq 'plain' || $managed->sql('show server_version_num', 'postgres') >= 160000, "$owner: whether he may grant the roles";
	$managed->sql($grant, 'postgres') if defined $grant;
	unlike psql($managed, $owner, $owner, '-f', source() . '/sql/install.sql'), qr/may not grant/, "$owner: with the admin option he may";
	ok $managed->sql("grant callresult_reader to alice; select true", $owner, $owner), "$owner: and does";
}

for my $database (qw(plain chief)) {
	$managed->sql($pushes, $database, 'worker');
	is $managed->sql('select sum(calls) from callresult.campaign_summary', $database, 'alice'), 3, "$database: stored by one, read by the other";
	is eval { $managed->sql('select from callresult.call_result', $database, $_); 1 }, undef, "$database: $_ cannot read the table"
	    for qw(worker alice);
	is $managed->sql(q{select sum(rows) from callresult.erase_number('3')}, $database, $database), 1, "$database: the owner erases a number";
	1 while $managed->sql('select more from callresult.keep_house()', $database, $database) eq 't';
	is $managed->sql(q{select dropped from callresult.retain('1 month') where dropped = 'call_result_y2026m01'}, $database, $database),
	    'call_result_y2026m01', "$database: and drops a month";
	is $managed->sql('select * from callresult.check_tally()', $database, $database), '', "$database: and proves the tally";
}
done_testing;
