#!/usr/bin/perl
# Faults of every kind one after another, under load, with two workers: nothing acknowledged is lost, altered or double,
# and nothing good is in quarantine.  CALLRESULTD_FAULTS says how many, CALLRESULTD_SEED which.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Rig qw(reap wait_for);
use Rig::Load;
use Rig::Postgres;
use Rig::Proxy;
use Rig::Worker;

my $faults = $ENV{CALLRESULTD_FAULTS} // 60;
my $seed = $ENV{CALLRESULTD_SEED} // 20_200_830;
srand $seed;

my $postgres = Rig::Postgres->start_new;
my $proxy = Rig::Proxy->start_new(postgres => $postgres);
my %quick = (server => { reply_deadline => '1s' }, log => { level => 'info' });
my $first = Rig::Worker->start_new(%quick, database => { conninfo => $proxy->conninfo, writers => 2 });
my $second = Rig::Worker->start_new(postgres => $postgres, %quick);

sub between { my ($from, $to) = @_; return sleep $from + rand($to - $from) }

sub kill_worker {
	my ($worker) = @_;
	$worker->signal('KILL');
	wait_for(sub { defined reap($worker->{pid}) });
	unlink $worker->{log};
	$worker->start;
	return;
}

sub restart_postgres {
	my ($how) = @_;
	$postgres->stop($how);
	$postgres->start;
	return;
}

sub cut {
	my ($mode) = @_;
	$proxy->fault($mode);
	between(0.05, 0.3);
	$proxy->fault('');
	return;
}

my %kinds = (
	'backends ended' => [10, sub { $postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity
		where usename = 'worker'}) }],
	'statements cancelled' => [5, sub { $postgres->sql(q{select pg_cancel_backend(pid) from pg_stat_activity
		where usename = 'worker'}) }],
	'cut before COMMIT' => [5, sub { cut('before') }],
	'cut after COMMIT'  => [5, sub { cut('after') }],
	'cut in the answer' => [5, sub { cut('answer') }],
	'silence'           => [2, sub { cut('swallow') }],
	'table locked'      => [2, sub {
		my $session = $postgres->hold('lock table callresult.call_result');
		between(0.05, 0.3);
		$postgres->let_go($session);
	}],
	'PostgreSQL hung'   => [2, sub { $postgres->pause; between(0.05, 0.4); $postgres->resume }],
	'first worker killed'  => [3, sub { kill_worker($first) }],
	'second worker killed' => [3, sub { kill_worker($second) }],
	'PostgreSQL stopped' => [1, sub { restart_postgres('immediate') }],
	'PostgreSQL killed'  => [1, sub { restart_postgres('kill') }],
);
my @lots = map { ($_) x $kinds{$_}[0] } sort keys %kinds;

# A log line that shows how far a long run is.
sub run_faults {
	my %done;
	for my $n (1 .. $faults) {
		my $kind = $lots[rand @lots];
		$kinds{$kind}[1]->();
		$done{$kind}++;
		between(0, 0.1);
		diag "$n of $faults faults" if $n % 500 == 0;
	}
	return %done;
}

my @loads = map { Rig::Load->start_new(worker => $_, senders => 3) } $first, $second;
my %done = run_faults();
$_->stop for @loads;
note join ', ', map { "$_: $done{$_}" } sort keys %done;

ok $_->drains, 'the spool is empty' for $first, $second;
my $acknowledged = 0;
for my $load (@loads) {
	$load->is_kept($postgres, 'nothing acknowledged is lost, altered or double');
	is_deeply [grep { !/^(?:0|200)$/ } keys %{ $load->{answers} }], [], 'nothing is refused';
	$acknowledged += keys %{ $load->{acknowledged} };
}
cmp_ok $acknowledged, '>', 10 * $faults, "$faults faults (seed $seed), $acknowledged records acknowledged";
is $postgres->sql(q{select count(*) from callresult.quarantine where convert_from(raw, 'UTF8') !~ '^\{"called":"bad-'}), 0,
    'nothing good is in quarantine';
is $postgres->sql(q{select count(*) from (select called from callresult.call_result group by called having count(*) > 1) x}),
    0, 'no result is double';
is $postgres->sql('select count(*) from callresult.push where records <> inserted + updated + duplicates + quarantined'), 0,
    'the evidence of every push adds up';
is $postgres->sql('select sum(inserted) = (select count(*) from callresult.call_result) from callresult.push'), 't',
    'what was inserted is there';
is $_->stop, 0, 'the worker ends well' for $first, $second;
$proxy->stop;
done_testing;
