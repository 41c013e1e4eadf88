#!/usr/bin/perl
# The feed against writers and readers at random: commits held back or taken back, content that changes, corrections by hand,
# numbers erased, housekeepers side by side, readers killed, a consumer that comes late, a dump and a restore.  Nothing is
# missing, nothing comes twice, nothing is out of order.
# CALLRESULTD_FEED_SECONDS says how long, CALLRESULTD_SEED which; the server's own times make each run another.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Rig qw(folder reap run_command spawn stop_process wait_for read_file write_file);
use Rig::Load;
use Rig::Postgres;
use Rig::Push qw(record body);
use Rig::Worker;

my $seconds = $ENV{CALLRESULTD_FEED_SECONDS} // 5;
my $seed = $ENV{CALLRESULTD_SEED} // 20_200_830;
srand $seed;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;

# Each content has a token of its own, and truth has those that were committed and stood, in the order in which they did.
# taken has what each consumer took, in the order in which it was put there.
$postgres->sql(<<'END');
create role crm login in role callresult_consumer;
create table truth (n bigint generated always as identity, called text collate "C", token text collate "C");
create table taken (n bigint generated always as identity, consumer text, place bigint, called text collate "C", token text collate "C");
grant insert on taken to crm;
create index on truth (called, token);
create index on taken (consumer, called);
create table number (n bigint generated always as identity);

create function push(numbers text[], token text, careful boolean, late boolean, age interval) returns void language sql as $$
    select callresult.store(
        p_id => array[gen_random_uuid()], p_received_at => array[arrived], p_arrived => array[arrived],
        p_remote_addr => array['192.0.2.1'], p_source => array['main'], p_bytes => array[1::bigint], p_sha256 => array['\x00'::bytea],
        p_records => array[n], p_rows => array[n], p_quarantined => array[0], p_spooled => array[late], p_late => array[late],
        r_push => array_fill(1, array[n]), r_campaign_id => array_fill('c'::text, array[n]),
        r_session_id => array_fill(null::text, array[n]), r_called => numbers,
        r_call_time_local => array_fill(timestamp '2026-11-20 10:00:00', array[n]), r_call_status => array_fill(6::smallint, array[n]),
        r_fail_code => array_fill('0'::text, array[n]), r_cause_code => array_fill('00000'::text, array[n]),
        r_vdn_id => array_fill(1, array[n]), r_call_id => array_fill('i'::text, array[n]), r_custom_field => array_fill(token, array[n]),
        r_record_path => array_fill(null::text, array[n]), r_extra => array_fill(null::jsonb, array[n]), call_timezone => 'Asia/Shanghai',
        careful => careful, q_push => '{}', q_reason => '{}', q_raw => '{}', t_campaign_id => '{c}', t_vdn_id => '{1}',
        t_call_hour => '{2026-11-20 10:00}', t_call_status => '{6}', t_cause_code => '{00000}', t_calls => array[n],
        t_arrived => date_bin('1 hour', arrived, '2000-01-01 00:00+00'), t_timed => n, t_earliest => '2026-11-20 10:00',
        t_latest => '2026-11-20 10:00', plain => random() < 0.7)
    from (select cardinality(numbers) as n, clock_timestamp() - age as arrived offset 0) c;
    insert into truth (called, token)
    select called, custom_field from callresult.call_result where called = any (numbers) and custom_field = token;
$$;

create function new_numbers(how_many int) returns text[] language sql as $$
    with n as (insert into number select from generate_series(1, how_many) returning lpad(n::text, 9, '0') as called)
    select array_agg(called order by called) from n
$$;

-- in one order, or two writers could wait for each other
create function some_numbers(how_many int) returns text[] language sql as $$
    select coalesce(array_agg(called order by called), '{}')
    from (select called from callresult.call_result where campaign_id = 'c' order by random() limit how_many) s
$$;

create function correct(numbers text[], token text) returns void language plpgsql as $$
begin
    perform from callresult.call_result where called = any (numbers) order by called for update;
    update callresult.call_result set custom_field = token where called = any (numbers);
    insert into truth (called, token)
    select called, custom_field from callresult.call_result where called = any (numbers) and custom_field = token;
end
$$;
END

# --- the processes: psql, each with a script of its own, too long to end

my %running;

sub any { return $_[rand @_] }

sub start {
	my ($name, $user, @statements) = @_;
	my $file = write_file(folder() . "/$name.sql", join "\n", @statements, '');
	$running{$name} = spawn(['psql', '-X', '-q', '-A', '-t', '-o', '/dev/null', '-h', $postgres->{folder}, '-U', $user,
		'-d', "dbname=callresult application_name=$name", '-f', $file], log => folder() . "/$name.log");
	return;
}

sub stop {
	my ($name) = @_;
	stop_process(delete $running{$name}, 'KILL');
	$postgres->sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = '$name'");
	return;
}

sub is_gone { return $postgres->sql("select count(*) from pg_stat_activity where application_name ~ '$_[0]'") eq '0' }

my $token = 0;

sub change {
	my ($writer) = @_;
	my $new = "w$writer-" . ++$token;
	my $many = any(1, 1, 3, 20, 150);
	return any(
		("select push(new_numbers($many), '$new', false, false, '0')") x 4,
		"select push(some_numbers(3) || new_numbers(2), '$new', false, false, '0')",
		"select push(some_numbers($many), '$new', true, false, '0')",
		"select push(some_numbers(5), '$new', true, true, '" . any(0, 1, 3, 60) . " s')",
		"select push(some_numbers(1), (select custom_field from callresult.call_result where called = 'x'), true, true, '1 hour')",
		"select correct(some_numbers(" . any(1, 10) . "), '$new')",
		q{select callresult.erase_number(coalesce((some_numbers(1))[1], 'none'))},
	);
}

sub start_writer {
	my ($number) = @_;
	return start("writer$number", 'postgres', map {
		my $level = rand() < 0.1 ? 'isolation level repeatable read' : '';
		my $what = $level ? "select correct(some_numbers(2), 'w$number-" . ++$token . "')" : change($number);
		("begin $level;", "$what;", 'select pg_sleep(' . any((0, 0, 0.01, 0.05) x 4, 0.3, 1.2) . ');', any(('commit;') x 9, 'rollback;'),
		 'select pg_sleep(0.05);')
	} 1 .. 100 * $seconds);
}

sub take {
	my ($consumer, $most) = @_;
	return "with t as materialized (select * from callresult.feed('$consumer', $most)), s as (insert into taken (consumer, place, called, token)
		select '$consumer', place, called, custom_field from t order by place) select callresult.feed_done('$consumer', max(place)) from t";
}

sub start_reader {
	my ($name, $consumer) = @_;
	return start($name, 'crm', map {
		('begin;', take($consumer, any(1, 7, 100, 1000)) . ';', 'select pg_sleep(' . any(0, 0.05, 0.3) . ');', any(('commit;') x 9, 'rollback;'),
		 'select pg_sleep(0.1);')
	} 1 .. 100 * $seconds);
}

my %consumer_of = (first1 => 'first', first2 => 'first', second1 => 'second', third1 => 'third', late1 => 'late');

# --- all of them at once

start_writer($_) for 1 .. 2;
ok wait_for(sub { $postgres->sql('select count(*) > 0 from truth') eq 't' }, 30), 'calls come in before anybody follows';
sleep 1;
# in one transaction: what is there, and the feed from there on; for which each commit that is held back has to end
sub follow {
	my ($consumer, $tries) = (@_, 5);
	my $follows = eval { $postgres->sql("begin; select callresult.feed_add('$consumer'); insert into taken (consumer, place, called, token)
		select '$consumer', 0, called, custom_field from callresult.calls; commit"); 1 };
	return if $follows;
	die $@ if $@ !~ /lock/ || $tries == 1;
	return follow($consumer, $tries - 1);
}
follow($_) for qw(first second third);
start_writer($_) for 3 .. 4;
my $load = Rig::Load->start_new(worker => $worker, senders => 1, pause => 0.05);
start("keeper$_", 'worker', ("select callresult.keep_house();", 'select pg_sleep(0.07);') x (20 * $seconds)) for 1 .. 2;
start_reader($_, $consumer_of{$_}) for grep { !/late/ } sort keys %consumer_of;

my ($end, $half) = (time + $seconds, time + $seconds / 2);
my $killed = 0;
while (time < $end) {
	sleep 0.3;
	if (!$running{late1} && time > $half) {
		follow('late');
		start_reader('late1', 'late');
	}
	my $victim = any(grep { $consumer_of{$_} } sort keys %running);
	stop_process($running{$victim}, 'KILL') if rand() < 0.5;
	$postgres->sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = '$victim'");
	start_reader($victim, $consumer_of{$victim});
	$killed++;
}
stop($_) for sort keys %running;
$load->stop;
is $worker->stop, 0, 'the worker ends well';
ok wait_for(sub { is_gone('^(writer|keeper|[a-z]+[0-9])') }, 20), 'all have ended';
$postgres->sql('select callresult.keep_house() from generate_series(1, 3)');
note $postgres->sql("select count(*), count(distinct called), (select count(*) from callresult.call_result) from truth"), " killed $killed";
note $postgres->sql('select consumer, count(*), max(place) from taken group by 1 order by 1');
note $postgres->sql('select * from callresult.feeds');
is_deeply [grep { /ERROR:/ && !/deadlock detected|could not serialize|is being stored by another|transaction is aborted/ }
	split /\n/, read_file(folder() . "/writer$_.log")], [], "writer $_ was refused nothing"
    for 1 .. 4;

# --- a dump while calls wait

sub restored {
	my $file = folder() . '/dump.sql';
	run_command(Rig::Postgres::client('pg_dump'), '-h', $postgres->{folder}, '-U', 'postgres', '-f', $file, 'callresult');
	$postgres->sql('create database restored', 'postgres');
	run_command('psql', '-X', '-q', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-h', $postgres->{folder}, '-U', 'postgres',
		'-d', 'restored', '-f', $file);
	return 'restored';
}

# Debian's pg_dump refuses a newer server than its own (tests/versions).
my @databases = ('callresult', Rig::Postgres::has_own_clients() ? restored() : ());
$postgres->sql('analyze', $_) for @databases;

sub nothing { my ($database, $what, $sql) = @_; return is $postgres->sql($sql, $database), '', "$database: $what" }

for my $database (@databases) {
	$postgres->sql("select push(new_numbers(30), 'more', false, false, '0'); select callresult.keep_house()", $database);
	for my $consumer (qw(first second third late)) {
		$postgres->sql(take($consumer, 1000), $database, 'crm')
		    while $postgres->sql("select waiting from callresult.feeds where consumer = '$consumer'", $database) > 0;
	}
	cmp_ok $postgres->sql('select count(*) from taken where place > 0', $database), '>', 100, "$database: much was taken";
	nothing($database, 'nothing is missing', q{select c.consumer, r.called, r.custom_field
		from (values ('first'), ('second'), ('third'), ('late')) c (consumer) cross join callresult.call_result r
		where r.custom_field is distinct from
			(select token from taken t where t.consumer = c.consumer and t.called = r.called order by t.place desc, t.n desc limit 1)});
	nothing($database, 'nothing came twice', 'select consumer, called, token, count(*) from taken group by 1, 2, 3 having count(*) > 1');
	nothing($database, 'nothing is out of order', q{select * from (select *, max(place) over (partition by consumer order by n
		rows between unbounded preceding and 1 preceding) as before from taken where place > 0) t where place <= before});
	nothing($database, 'nothing came that was not committed', q{select * from taken where called !~ '^load' and (called, token) not in (select called, token from truth)});
	nothing($database, 'of one call nothing came before what it had before', q{select * from (select t.*, h.n as stood, max(h.n) over (partition by consumer, called
		order by t.n rows between unbounded preceding and 1 preceding) as before from taken t join truth h using (called, token)) t where stood <= before});
	nothing($database, 'a place has one call', 'select place from taken where place > 0 group by place having count(distinct (called, token)) > 1');
}
# it gives way to autovacuum, too
ok wait_for(sub { $postgres->sql('select callresult.keep_house()'); $postgres->sql('select count(*) from callresult.feed_log') == 0 }),
    'nothing is left in the log';
is $postgres->sql('select * from callresult.check_tally()'), '', 'and the tally is right';

# --- who listens: told of each step of the house, and by nothing else, at most ten times a second

my $script = write_file(folder() . '/listen.sql', "listen callresult;\n" . <<'END' x 6);
select push(new_numbers(1), 'heard', false, false, '0') \g /dev/null
\echo pushed
select callresult.keep_house() \g /dev/null
\echo kept
select date_part('epoch', numbered_at) from callresult.feed_state;
END
my $heard = qx{psql -X -q -A -t -h $postgres->{folder} -U postgres -d callresult -f $script};
my @numbered_at = $heard =~ /^([0-9.]+)$/mg;
my $told = qr/Asynchronous notification "callresult" with payload "[0-9]+" received.*/;
like $heard, qr/\A(pushed\n$told\nkept\n[0-9.]+\n){6}\z/, 'who listens is told when the house is kept, and not by a push';
is scalar(grep { $numbered_at[$_] - $numbered_at[$_ - 1] < 0.0999 } 1 .. $#numbered_at), 0, 'at most ten times a second';

# --- a consumer that comes while somebody's commit is held back waits for it, and holds up no push meanwhile

my $open = $postgres->hold(q{select push(new_numbers(1), 'open', false, false, '0')});
my $adding = spawn(['psql', '-X', '-q', '-h', $postgres->{folder}, '-U', 'postgres', '-d', 'callresult', '-c',
	q{select callresult.feed_add('patient')}], log => folder() . '/patient.log');
ok wait_for(sub { $postgres->sql(q{select count(*) from pg_stat_activity where query like '%patient%' and wait_event = 'relation'}) > 0 }),
    'the consumer waits';
is eval { $postgres->sql(q{set lock_timeout = '3s'; select push(new_numbers(1), 'beside', false, false, '0')}); 1 }, 1,
    "a push beside it, $_" or diag $@
    for 1 .. 3;
$postgres->let_go($open);
my $ended;
ok wait_for(sub { defined($ended = reap($adding)) }) && $ended == 0, 'then it is added' or diag read_file(folder() . '/patient.log');
is $postgres->sql(q{select count(*) from callresult.feeds where consumer = 'patient'}), 1, 'once';

# --- what the worker says tells its records apart

$worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
for my $call_id ('one', 'two') {
	$worker->push_body(body(map { record(campaignId => $call_id, callId => $_) } 'one', $call_id));
	is $postgres->sql("select session_id is null from callresult.feed_log where '$call_id' = any (campaign_id)"), $call_id eq 'one' ? 't' : 'f',
	    'records with one number and time are noted with their other parts';
}
is $worker->stop, 0, 'the worker ends well';

diag "repeat it: make check T=tests/t/67-feed.t CALLRESULTD_SEED=$seed CALLRESULTD_FEED_SECONDS=$seconds"
    if !Test::More->builder->is_passing;
done_testing;
