#!/usr/bin/perl
# Installing over every earlier step with data in place: no row is lost or changed, and the tally counts them all.  And
# who may install: the owner of a database, with and without CREATEROLE, and never a superuser by need.
use strict;
use warnings;
use Test::More;
use Rig qw(folder source run_command spawn stop_process wait_for read_file write_file);
use Rig::Postgres;

my $postgres = Rig::Postgres->start_new(schema => 0);
my $install = read_file(source() . '/sql/install.sql');
my @steps = $install =~ /where step = (\d+)\)/g;

sub psql {
	my ($server, $database, $user, @more) = @_;
	return run_command('psql', '-X', '-v', 'ON_ERROR_STOP=1', '-h', $server->{folder}, '-U', $user, '-d', $database, @more);
}

# install.sql as it was when the step was the last.
sub install_up_to {
	my ($database, $last) = @_;
	my $text = $install =~ s{^\\ir roles\.sql\n}{}mr;
	$text =~ s{^select not exists [^\n]*step = $_\).*?^\\endif\n}{}ms for grep { $_ > $last } @steps;
	$text =~ s{^\\ir }{'\ir ' . source() . '/sql/'}gme;
	psql($postgres, $database, 'postgres', '-q', '-f', write_file(folder() . '/install.sql', $text));
	return;
}

# Three pushes by the step's own store(): two months and no month, a repetition, other content, and a bad record.
my $pushes = <<'END';
select s.* from (values
    (1, '2026-01-01 10:00:00+00'::timestamptz, '537'), (2, '2026-01-01 10:00:01+00', '537'), (3, '2026-01-01 10:00:02+00', '0')) p (n, arrived, code)
cross join lateral (select md5('push' || n)::uuid as id) i
cross join lateral callresult.store(array[id], array[arrived], array['192.0.2.1'], array[100::bigint], array['\x00'::bytea], array[4],
    array[1], array[false], array[id, id, id], array[arrived, arrived, arrived], array['a', 'a', 'b'], array['s1', 's2', 's3'],
    array['1', '2', '3'], array[null::timestamp, '2026-01-31 23:59:59', '2026-02-01 00:00:00'], array[5, 6, 5]::smallint[],
    array[code, '0', '99999'], array[lpad(code, 5, '0'), '00000', '99999'], array[1, null, 2], array['c', 'c', 'c'],
    array[null, null, null], array[null, 'Y:/1', null], array[null, null, '{"x": 1}'::jsonb], 'Asia/Shanghai',
    array[id], array[arrived], array['callStatus: missing'], array['\x7b7d'::bytea]) s
END
my $rows = <<'END';
insert into callresult.call_result (campaign_id, session_id, call_time_local, call_status, cause_code, push_id, received_at)
select 'c' || i % 3, i, timestamp '2026-01-30' + i * interval '1 h', 5 + i % 2, '00537', gen_random_uuid(), now() from generate_series(1, 100) i
END

# What a later step adds to a row is empty in it.
sub fingerprint {
	my ($database) = @_;
	return join "\n", map { $postgres->sql("select '$_', count(*), md5(string_agg(jsonb_strip_nulls(to_jsonb(t))::text, ',' order by to_jsonb(t)::text)) from callresult.$_ t", $database) }
	    grep { $postgres->sql("select to_regclass('callresult.$_')", $database) }
	    qw(call_result call_result_revision push quarantine failure_category failure_code failure_code_category);
}

for my $step (@steps) {
	$postgres->sql("create database from_$step", 'postgres');
	install_up_to("from_$step", $step);
	is $postgres->sql('select max(step) from callresult.schema_version', "from_$step"), $step, "step $step";
	$postgres->sql($rows, "from_$step");
	$postgres->sql($pushes, "from_$step") if $step >= 3;
	$postgres->sql(q{update callresult.failure_code set redial = 'never', description = 'ours' where code = '00537'}, "from_$step") if $step >= 2;
	my $before = fingerprint("from_$step");
	psql($postgres, "from_$step", 'postgres', '-q', '-f', source() . '/sql/install.sql');
	like fingerprint("from_$step"), qr/^\Q$before\E/, "from $step to the last: every row is there and as it was";
	is $postgres->sql('select * from callresult.check_tally()', "from_$step"), '', "from $step: all are counted";
	is $postgres->sql('select sum(calls) from callresult.campaign_summary', "from_$step"),
	    $postgres->sql('select count(*) from callresult.call_result', "from_$step"), "from $step: in the reports too";
	my $stored = $step >= 3 ? '0|0|9' : '3|1|5';
	is $postgres->sql("select sum(inserted), sum(updated), sum(duplicates) from ($pushes) s", "from_$step"), $stored,
	    "from $step: what comes again is known";
	is $postgres->sql('select * from callresult.check_tally()', "from_$step"), '', "from $step: what comes then is counted";
	my $version = $postgres->sql('select * from callresult.schema_version', "from_$step");
	$before = fingerprint("from_$step");
	psql($postgres, "from_$step", 'postgres', '-q', '-f', source() . '/sql/install.sql');
	is fingerprint("from_$step") . $postgres->sql('select * from callresult.schema_version', "from_$step"), $before . $version,
	    "from $step: a second run changes nothing";
}

# --- while a push is being stored
$postgres->sql('create database busy', 'postgres');
install_up_to('busy', 3);
my $log = folder() . '/busy.log';
my $push = spawn(['psql', '-X', '-q', '-h', $postgres->{folder}, '-U', 'postgres', '-d', 'busy', '-c',
	"begin; $rows; select 'stored'", '-c', 'select pg_sleep(3)', '-c', 'commit'], log => $log);
wait_for(sub { read_file($log) =~ /stored/ });
psql($postgres, 'busy', 'postgres', '-q', '-f', source() . '/sql/install.sql');
is $postgres->sql('select sum(calls) from callresult.campaign_summary', 'busy'), 100, 'what was being stored is counted';
is $postgres->sql('select * from callresult.check_tally()', 'busy'), '', 'once';
stop_process($push);

# --- by an owner who may create roles, and by one who may not
my $managed = Rig::Postgres->start_new(schema => 0);
$managed->sql('create role plain login; create role chief login createrole', 'postgres');
$managed->sql("create database $_ owner $_", 'postgres') for qw(plain chief);
like psql($managed, 'plain', 'plain', '-f', source() . '/sql/install.sql'), qr/may not create roles.*CREATE ROLE callresult_writer NOLOGIN/s,
    'a plain owner is told what to ask for';
is $managed->sql('select count(*) from callresult.campaign_summary', 'plain', 'plain'), 0, 'and has the schema';
psql($managed, 'chief', 'chief', '-q', '-f', source() . '/sql/install.sql');
is $managed->sql(q{select count(*) from pg_roles where rolname ~ '^callresult_' and not rolcanlogin and not rolsuper}, 'postgres'), 2,
    'an owner with CREATEROLE makes the roles';
unlike psql($managed, 'plain', 'plain', '-f', source() . '/sql/install.sql'), qr/may not create roles/, 'the plain owner runs it again';
$managed->sql('create role worker login in role callresult_writer; create role alice login in role callresult_reader', 'postgres');
for my $database (qw(plain chief)) {
	$managed->sql($pushes, $database, 'worker');
	is $managed->sql('select sum(calls) from callresult.campaign_summary', $database, 'alice'), 3, "$database: stored by one, read by the other";
	is eval { $managed->sql('select from callresult.call_result', $database, $_); 1 }, undef, "$database: $_ cannot read the table"
	    for qw(worker alice);
	is $managed->sql(q{select sum(rows) from callresult.erase_number('3')}, $database, $database), 1, "$database: the owner erases a number";
	is $managed->sql(q{select dropped from callresult.retain('1 month') where dropped = 'call_result_y2026m01'}, $database, $database),
	    'call_result_y2026m01', "$database: and drops a month";
	is $managed->sql('select * from callresult.check_tally()', $database, $database), '', "$database: and proves the tally";
}
done_testing;
