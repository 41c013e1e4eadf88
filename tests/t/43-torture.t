#!/usr/bin/perl
# Faults of every kind one after another, under load, with three workers, two of them on one spool: nothing acknowledged is
# lost, altered or double, nothing good is in quarantine, nothing is refused, and evidence and metrics are exact.
# CALLRESULTD_FAULTS says how many, CALLRESULTD_SEED which; what fails prints the command that repeats it.
use strict;
use warnings;
use Test::More;
use IO::Handle;
use POSIX qw(_exit O_NONBLOCK F_GETFL F_SETFL);
use Fcntl;
use Time::HiRes qw(sleep);
use Rig qw(folder build clock_ahead reap read_file run_command wait_for write_file);
use Rig::FastCGI;
use Rig::Load;
use Rig::Postgres;
use Rig::Proxy;
use Rig::Worker;

my $faults = $ENV{CALLRESULTD_FAULTS} // 60;
my $seed = $ENV{CALLRESULTD_SEED} // 20_200_830;
srand $seed;

# also when it dies
my $own_pid = $$;
END {
	diag "repeat it: make check T=tests/t/43-torture.t CALLRESULTD_SEED=$seed CALLRESULTD_FAULTS=$faults"
	    if $$ == $own_pid && ($? != 0 || !Test::More->builder->is_passing);
}

my $postgres = Rig::Postgres->start_new(settings => { wal_level => 'logical' });
my $proxy = Rig::Proxy->start_new(postgres => $postgres);
# callresultd's own default for the deadline: of a shorter one a slow machine makes refusals that are not the worker's.
my %usual = (server => { reply_deadline => '3s' }, log => { level => 'info' });

sub between { my ($from, $to) = @_; return sleep $from + rand($to - $from) }

# --- the workers: the first and the second share a spool; the third is never killed, and all that is its own is counted

my $first = Rig::Worker->configured(%usual, database => { conninfo => $proxy->conninfo, writers => 2 });
my $second = Rig::Worker->configured(postgres => $postgres, %usual, spool => { path => "$first->{base}.spool" });
my $disk = folder() . '/disk';
mkdir $disk;
my $is_mounted = $> == 0 && system("mount -t tmpfs -o size=160m tmpfs $disk 2>/dev/null") == 0;
my $third = Rig::Worker->configured(%usual, database => { conninfo => $proxy->conninfo }, spool => { path => "$disk/spool" });
write_file("$third->{base}.tokens", "third:$Rig::Worker::token\n");

# The second one's clock is a file's.
my $clock = folder() . '/clock';
my %clock_env = clock_ahead(0, $clock);

sub set_clock {
	my ($seconds) = @_;
	open my $file, '+<:raw', $clock or die;
	syswrite $file, pack 'q', $seconds;
	close $file;
	return;
}

# The third one's log goes through a pipe, and whoever reads that may stop.
pipe my $log_reader, my $log_writer or die "pipe: $!";
my $log_cat = fork // die "fork: $!";
if ($log_cat == 0) {
	close $log_writer;
	open STDIN, '<&', $log_reader;
	open STDOUT, '>>', $third->{log};
	exec 'cat' or _exit(127);
}
close $log_reader;

sub stop_reading_log {
	kill 'STOP', $log_cat;
	fcntl $log_writer, F_SETFL, O_NONBLOCK | fcntl $log_writer, F_GETFL, 0;
	1 while syswrite $log_writer, 'x' x 4096;
	fcntl $log_writer, F_SETFL, ~O_NONBLOCK & fcntl $log_writer, F_GETFL, 0;
	return;
}

# Its disk hangs as long as a file is there.
my $hanging = folder() . '/hanging';
my %disk_env = (LD_PRELOAD => build() . '/tests/shim/failing.so', ASAN_OPTIONS => 'verify_asan_link_order=0',
	FAILING_CALL => 'hang', FAILING_EVERY => 1, FAILING_PATH => "$disk/spool",
	FAILING_WHILE => $hanging);

sub start {
	my ($worker) = @_;
	return $worker->start(env => \%clock_env) if $worker == $second;
	return $worker->start(env => \%disk_env, before => sub { open STDERR, '>&', $log_writer }) if $worker == $third;
	return $worker->start;
}

my @workers = map { start($_)->wait_until_ready } $first, $second, $third;

sub kill_worker {
	my ($worker) = @_;
	$worker->signal('KILL');
	wait_for(sub { defined reap($worker->{pid}) });
	unlink $worker->{log};
	start($worker);
	return;
}

# --- the database and the way to it

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

# The server comes back with a synchronous standby that is not there: COMMIT waits, and what waited is not believed.
sub miss_standby {
	$postgres->sql(q{alter system set synchronous_standby_names = 'nobody'});
	restart_postgres('immediate');
	between(0.05, 0.3);
	$postgres->sql('alter system reset synchronous_standby_names');
	$postgres->sql('select pg_reload_conf()');
	return;
}

# Something an administrator does and takes back; a lock that he does not get he tries for again.
sub for_a_while {
	my ($do, $undo) = @_;
	for my $statement ($do, $undo) {
		wait_for(sub { eval { $postgres->sql("set lock_timeout = '2s'; $statement"); 1 } }, 60) or die "not done: $statement";
		between(0.05, 0.3);
	}
	return;
}

# --- neighbours on the same socket; they stay until there are many

my @neighbours;

sub neighbour {
	my ($bytes) = @_;
	my ($worker) = $workers[rand @workers];
	for (1 .. 20) {
		my $connection = eval { $worker->connection } or next;
		$connection->send_bytes($bytes);
		push @neighbours, $connection;
	}
	splice @neighbours, 0, @neighbours - 100 if @neighbours > 100;
	return;
}

my $begin = Rig::FastCGI::record(Rig::FastCGI::FCGI_BEGIN, pack 'nCx5', 1, 0);
my $half = $begin . substr Rig::FastCGI::record(Rig::FastCGI::FCGI_PARAMS, Rig::FastCGI::pair(REQUEST_METHOD => 'POST')), 0, 15;
my $killer = $begin . Rig::FastCGI::record(Rig::FastCGI::FCGI_PARAMS, pack 'NN', 0xfffffffe, 0x80000000);

# --- this machine

sub limit_descriptors {
	my ($worker) = @_;
	my $pid = $worker->{pid};
	my $open = () = glob "/proc/$pid/fd/*";
	my ($limit) = read_file("/proc/$pid/limits") =~ /^Max open files\s+(\d+)/m;
	run_command('prlimit', '--pid', $pid, "--nofile=$open:");
	between(0.05, 0.3);
	run_command('prlimit', '--pid', $pid, "--nofile=$limit:");
	return;
}

sub fill_disk {
	system "dd if=/dev/zero of=$disk/filler bs=64k 2>/dev/null";
	between(0.05, 0.3);
	unlink "$disk/filler";
	return;
}

sub hang_disk {
	write_file($hanging, '');
	between(0.05, 0.3);
	unlink $hanging;
	return;
}

sub stored { return $postgres->sql('select count(*) from callresult.push') }

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
	'everything published' => [2, sub { for_a_while('create publication everything for all tables', 'drop publication everything') }],
	'a constraint' => [2, sub { for_a_while(q{alter table callresult.call_result add constraint odd check (campaign_id <> 'odd')},
		'alter table callresult.call_result drop constraint odd') }],
	'a column' => [2, sub { for_a_while('alter table callresult.call_result add column theirs text',
		'alter table callresult.call_result drop column theirs') }],
	'an index' => [2, sub { for_a_while('create index theirs on callresult.call_result (custom_field)',
		'drop index callresult.theirs') }],
	'a deferred rule' => [2, sub { for_a_while(q{create function public.agree() returns trigger language plpgsql as
		$$begin return null; end$$; create constraint trigger agree after insert or update on callresult.call_result
		deferrable initially deferred for each row execute function public.agree()}, 'drop function public.agree() cascade') }],
	'no standby' => [1, sub { miss_standby() }],
	'a disk that hangs' => [3, sub { hang_disk() }],
	'no privilege' => [2, sub { for_a_while('revoke usage on schema callresult from callresult_writer',
		'grant usage on schema callresult to callresult_writer') }],
	'a clock that jumps' => [4, sub { set_clock((-3600, -60, -1, 0, 1, 60, 3600)[rand 7]) }],
	'half a head'      => [2, sub { neighbour($half) }],
	'a head that lies' => [2, sub { neighbour($killer) }],
	'silent neighbours' => [2, sub { neighbour('') }],
	'no descriptors'   => [3, sub { limit_descriptors($workers[rand @workers]) }],
	'a log that nobody reads' => [2, sub { stop_reading_log(); between(0.2, 1); kill 'CONT', $log_cat }],
	$is_mounted ? ('a full disk' => [2, sub { fill_disk() }]) : (),
);
my @lots = map { ($_) x $kinds{$_}[0] } sort keys %kinds;

# A log line that shows how far a long run is.
sub run_faults {
	my %done;
	for my $n (1 .. $faults) {
		my $kind = $lots[rand @lots];
		note "$n: $kind" if $ENV{CALLRESULTD_TRACE};
		$kinds{$kind}[1]->();
		$done{$kind}++;
		between(0, 0.1);
		diag "$n of $faults faults" if $n % 500 == 0;
	}
	return %done;
}

my @loads = map { Rig::Load->start_new(worker => $_, senders => 2) } @workers;
my %done = run_faults();
$_->stop for @loads;
note join ', ', map { "$_: $done{$_}" } sort keys %done;

ok $_->drains, 'the spool is empty' for @workers;
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
is $postgres->sql('select * from callresult.check_tally()'), '', 'the tally agrees with the results';

# The third worker has counted all its life, and has a spool of its own.
my $metrics = $third->get('/-/metrics')->{body};
is_deeply [$metrics =~ /^callresultd_pushes_total\{status="(\d+)"\} ([1-9]\d*)$/mg], [200, $loads[2]{answers}{200}],
    'the metrics say how many pushes were acknowledged';
my %counted = $metrics =~ /^callresultd_records_total\{fate="(\w+)"\} (\d+)$/mg;
my %evidence;
@evidence{qw(inserted updated duplicate quarantined)} = split / /, $postgres->sql(q{select concat_ws(' ', sum(inserted), sum(updated),
	sum(duplicates), sum(quarantined)) from callresult.push where source = 'third'});
is $counted{$_}, $evidence{$_}, "the metrics say what the evidence says: $_" for sort keys %evidence;
is $_->stop, 0, 'the worker ends well' for @workers;
$proxy->stop;
kill 'KILL', $log_cat;
waitpid $log_cat, 0;
system "umount $disk" if $is_mounted;
done_testing;
