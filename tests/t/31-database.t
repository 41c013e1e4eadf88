#!/usr/bin/perl
# Without a spool: a database that is away, slow, read-only, locked or not set up.  Answers in time, nothing
# acknowledged that is not stored, and service again without a hand.
use strict;
use warnings;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);
use Rig qw(read_file wait_for);
use Rig::Postgres;
use Rig::Push qw(record body $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my %quick = (server => { reply_deadline => '1s' }, spool => { path => '/nonexistent/spool.db' });
my $worker = Rig::Worker->start_new(postgres => $postgres, %quick)->wait_until_ready;
my $number = 0;
# reply_deadline (1 s here) and a second are promised; the bound is for a machine that does other things too
my $bound = 6;
my %acknowledged;

# Pushes a record of its own and remembers what was acknowledged.
sub push_one {
	my $called = 'n' . ++$number;
	my $start = time;
	my $answer = $worker->push_body(body(record(called => $called)));
	$acknowledged{$called} = 1 if $answer->{status} == 200 && $answer->{body} eq $success;
	return { %$answer, took => time - $start };
}

sub is_refused_in_time {
	my ($name) = @_;
	my $answer = push_one();
	is $answer->{status}, 503, "$name: 503";
	ok $answer->{headers}{'retry-after'}, "$name: Retry-After";
	cmp_ok $answer->{took}, '<', $bound, "$name: in time";
	return;
}

sub is_served { my ($name) = @_; ok wait_for(sub { push_one()->{status} == 200 }, 60), "$name: served again"; return }

push_one();
$postgres->stop('fast');
is_refused_in_time('stopped');
ok wait_for(sub { $worker->get('/-/ready')->{status} == 503 }), 'stopped: not ready';
like $worker->get('/-/ready')->{body}, qr/"database":false,"spool":false/, 'stopped: ready says what is missing';
like $worker->log_text, qr{spool /nonexistent/spool\.db: cannot open it}, 'that there is no spool is said';
is $worker->get('/-/live')->{status}, 200, 'stopped: live all the same';
$postgres->start;
is_served('stopped');
ok wait_for(sub { $worker->get('/-/ready')->{status} == 200 }), 'started: ready again';

$postgres->stop('kill');
$postgres->start;
is_served('killed and started');

$postgres->pause;
is_refused_in_time('hung');
is_refused_in_time('still hung');
$postgres->resume;
is_served('hung');

my $lock = $postgres->hold('lock table callresult.call_result');
is_refused_in_time('locked');
$postgres->let_go($lock);
is_served('locked');

# Ends the worker's connections, one that is just being made as well, until it says that it has none.
sub disconnect {
	return wait_for(sub {
		$postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'});
		$worker->get('/-/ready')->{body} =~ /"database":false/;
	});
}

$postgres->sql('alter role worker set default_transaction_read_only = on');
ok disconnect(), 'read-only: it has no connection that may write';
is_refused_in_time('read-only');
ok wait_for(sub { $worker->log_text =~ /read-only/ }), 'read-only: is said';
$postgres->sql('alter role worker reset default_transaction_read_only');
is_served('read-only');

$postgres->sql('revoke execute on function callresult.store from callresult_writer');
is_refused_in_time('no privilege');
ok wait_for(sub { $worker->log_text =~ /permission denied for function store \(SQLSTATE 42501\)/ }),
    'no privilege: is said';
$postgres->sql('grant execute on function callresult.store to callresult_writer');
is_served('no privilege');

$postgres->sql('alter schema callresult rename to away');
is_refused_in_time('no schema');
$postgres->sql('alter schema away rename to callresult');
is_served('no schema');

# commits are synchronous whatever is set
$postgres->sql('alter role worker set synchronous_commit = off');
$postgres->sql(q{create function public.note() returns trigger language plpgsql as
	$$begin insert into public.noted values (current_setting('synchronous_commit')); return null; end$$;
	create table public.noted (setting text);
	create trigger note after insert on callresult.push for each statement execute function public.note()});
$postgres->sql('grant all on public.noted to public');
$postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'});
is_served('synchronous_commit off');
is $postgres->sql('select distinct setting from public.noted'), 'on', 'synchronous_commit off: on where it counts';
$postgres->sql('drop trigger note on callresult.push; alter role worker reset synchronous_commit');

# what takes several exchanges with the database, and a busy machine longer than a second
my $quick = $worker;
$worker = Rig::Worker->start_new(postgres => $postgres, spool => $quick{spool})->wait_until_ready;

# a backend that has ended: the push that finds out is tried again on a new connection
my $refused = 0;
for (1 .. 20) {
	$postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'});
	$refused++ if push_one()->{status} != 200;
}
is $refused, 0, 'backends ended 20 times: no push refused';

# records that the database refuses, by a rule of its owner: they go to quarantine, at whatever place they stand
$postgres->sql(q{alter table callresult.call_result add constraint picky check (called not like 'refused%')});
for my $case ([0], [6], [3], [0, 6], [1, 2, 5], [0 .. 6]) {
	$postgres->sql('truncate callresult.quarantine');
	my %bad = map { $_ => 1 } @$case;
	my $name = ++$number;
	my @records = map { record(called => ($bad{$_} ? 'refused' : 'kept') . "-$name-$_") } 0 .. 6;
	is $worker->push_body(body(@records))->{body}, $success, "refused at @$case: acknowledged";
	is $postgres->sql("select count(*) from callresult.call_result where called like 'kept-$name-%'"), 7 - @$case,
	    "refused at @$case: the others are stored";
	is $postgres->sql(q{select count(*), count(distinct raw), min(reason), max(reason) from callresult.quarantine}),
	    @$case . '|' . @$case . '|' . join('|', ('the database refuses it: SQLSTATE 23514, constraint picky') x 2),
	    "refused at @$case: these are in quarantine, with the reason";
	is $postgres->sql('select inserted, quarantined from callresult.push order by received_at desc limit 1'),
	    (7 - @$case) . '|' . @$case, "refused at @$case: and in the evidence";
}
unlike $worker->log_text . $quick->log_text, qr/refused-|kept-/, 'what is refused is not in the log';
unlike read_file("$postgres->{folder}/log"), qr/refused-|kept-/, 'nor in that of the server';
$postgres->sql('alter table callresult.call_result drop constraint picky');

is $postgres->sql(q{select count(*) from callresult.call_result where called like 'n%'}) >= keys %acknowledged ? 1 : 0,
    1, 'all that was acknowledged is stored';
my %stored = map { $_ => 1 } split /\n/, $postgres->sql('select called from callresult.call_result');
is_deeply [grep { !$stored{$_} } sort keys %acknowledged], [], 'to the last one';
is $postgres->sql('select count(*) - count(distinct called) from callresult.call_result'), 0, 'and once';
is $_->stop, 0, 'the worker ends well' for $worker, $quick;

# a first host that accepts connections and says nothing
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die;
$worker = Rig::Worker->start_new(%quick, database => { conninfo => 'user=worker dbname=callresult'
    . " host=127.0.0.1,$postgres->{folder} port=" . $silent->sockport . ',5432 target_session_attrs=read-write' })
    ->wait_until_ready;
is push_one()->{status}, 200, 'a silent first host does not keep the second from being used';
is $worker->stop, 0, 'the worker ends well';

# a start without a database, and with the wrong one
my $empty = Rig::Postgres->start_new(schema => 0);
$empty->sql('create role worker login');
$worker = Rig::Worker->start_new(postgres => $empty, %quick);
ok wait_for(sub { $worker->log_text =~ m{psql -f .*/sql/install\.sql} }), 'no schema: the log says what to run';
is_refused_in_time('no schema at start');
$empty->sql('drop role worker');
$empty->install;
is_served('no schema at start');
is $worker->stop, 0, 'the worker ends well';

$empty->sql('update callresult.schema_version set step = step + 7 where step = (select max(step)
	from callresult.schema_version)');
$worker = Rig::Worker->start_new(postgres => $empty, %quick);
ok wait_for(sub { $worker->log_text =~ /schema is at step \d+/ }), 'a schema too new: the log says so';
is $worker->stop, 0, 'the worker ends well';

$worker = Rig::Worker->start_new(postgres => $postgres, database => { call_timezone => 'Asia/Nowhere' });
ok wait_for(sub { $worker->log_text =~ m{call_timezone Asia/Nowhere} }), 'an unknown time zone: the log says so';
like $worker->get('/-/ready')->{body}, qr/"database":false/, 'an unknown time zone: the database cannot be used';
is $worker->stop, 0, 'the worker ends well';

$worker = Rig::Worker->start_new(postgres => $postgres, %quick,
    database => { conninfo => 'host=/nowhere dbname=x password=s3cret' });
is_refused_in_time('no server at start');
unlike $worker->log_text, qr/s3cret/, 'no server: the password is not in the log';
is $worker->stop, 0, 'the worker ends well';
done_testing;
