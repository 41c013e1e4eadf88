#!/usr/bin/perl
# The housekeeper: calls keep_house() as often as there is something to do, shows what it tells, says what it cannot do,
# and holds up no push.  The function is one of the test's own, told what to tell by a table.
use strict;
use warnings;
use IPC::Open3 qw(open3);
use Test::More;
use Time::HiRes qw(sleep time);
use Rig qw(wait_for);
use Rig::Postgres;
use Rig::Push qw(record body $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
$postgres->sql('drop function if exists callresult.keep_house(text)');
$postgres->sql(q{
	create table public.house (calls int, more int, journal bigint, unplaced bigint, entries bigint, bytes bigint,
	    problem text, seconds int);
	insert into public.house values (0, 0, 11, 12, 13, 14, null, 0);
	create function callresult.keep_house(text)
	returns table (more boolean, journal_rows bigint, unplaced_rows bigint, quarantine_entries bigint,
	    quarantine_bytes bigint, problem text) language plpgsql security definer as $$
	declare h public.house;
	begin
		update public.house set calls = calls + 1, more = greatest(house.more - 1, 0) returning * into h;
		perform pg_sleep(h.seconds);
		return query select h.more > 0, h.journal, h.unplaced, h.entries, h.bytes,
			coalesce(h.problem, nullif(current_setting('transaction_isolation'), 'read committed'),
			    case current_setting('statement_timeout') when '59min' then 'the limit is that of the role' end);
	end$$;
	grant execute on function callresult.keep_house(text) to callresult_writer;
	alter role worker set default_transaction_isolation = serializable;
	alter role worker set statement_timeout = '59min'});

sub calls { return $postgres->sql('select calls from public.house') }

my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;

my $number = 0;

sub push_one { return $worker->push_body(body(record(called => 'h' . ++$number))) }

sub shows { my ($name, $value) = @_; return $worker->get('/-/metrics')->{body} =~ /^callresultd_$name $value$/m }

ok wait_for(sub { calls() > 0 }), 'it is called at the start';
ok wait_for(sub { shows(journal_rows => 11) }), 'the metrics show the journal';
ok wait_for(sub { shows(unplaced_rows => 12) && shows(quarantine_entries => 13) && shows(quarantine_bytes => 14) }),
    'and the other figures';
ok shows(housekeeper_failures_total => 0), 'nothing has failed';

my $before = calls();
sleep 3;
cmp_ok calls() - $before, '<=', 1, 'it is called rarely while nothing comes in';
$before = calls();
push_one();
ok wait_for(sub { calls() > $before }, 15), 'and soon when something does';

$postgres->sql('update public.house set more = 20, journal = null');
push_one();
$before = time;
ok wait_for(sub { $postgres->sql('select more from public.house') == 0 }, 20),
    'as long as there is more to do it goes on at once';
cmp_ok time - $before, '<', 10, 'and not once a second';
ok shows(journal_rows => 11), 'a figure that is not told stays as it was';

$postgres->sql(q{update public.house set problem = 'the month cannot be made: permission denied'});
push_one();
ok wait_for(sub { !shows(housekeeper_failures_total => 0) }), 'what it cannot do is counted';
my $line = qr/error: housekeeper: failed .*: the month cannot be made: permission denied$/m;
ok wait_for(sub { $worker->log_text =~ $line }), 'and logged';

# a house that takes long: it is all on one connection
$postgres->sql('update public.house set problem = null, seconds = 30');
push_one();
ok wait_for(sub { $postgres->sql(q{select count(*) from pg_stat_activity where query ~ 'keep_house' and state = 'active'
	and usename = 'worker'}) > 0 }), 'a call takes long';
my $slowest = 0;
for (1 .. 40) {
	my $start = time;
	is push_one()->{body}, $success, "a push beside it, $_" if $_ == 1;
	push_one() if $_ > 1;
	my $took = time - $start;
	$slowest = $took if $took > $slowest;
}
cmp_ok $slowest, '<', 10, 'no push waits for it';
is $postgres->sql('select count(*) from callresult.push where spooled'), 0, 'none went to the spool';
my $stop = time;
is $worker->stop, 0, 'the worker ends well';
cmp_ok time - $stop, '<', 10, 'and does not wait for it either';

subtest 'a plain CGI program' => sub {
	# one that is told no figures takes it that another keeps house, and calls once more if it has the time
	$postgres->sql('update public.house set seconds = 0, journal = 11');
	my $calls = calls();
	local %ENV = (%ENV, CALLRESULTD_CONF => $worker->{config}, GATEWAY_INTERFACE => 'CGI/1.1',
	    REQUEST_METHOD => 'POST',
	    PATH_INFO => "/$Rig::Worker::token", CONTENT_LENGTH => length $example, REMOTE_ADDR => '192.0.2.1');
	my $pid = open3(my $in, my $out, undef, Rig::Worker::binary());
	print $in $example;
	close $in;
	like join('', <$out>), qr/\Q$success\E/, 'answers';
	waitpid $pid, 0;
	is $?, 0, 'ends well';
	is calls(), $calls + 1, 'and keeps house once';
};
done_testing;
