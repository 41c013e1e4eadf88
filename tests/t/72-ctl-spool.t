#!/usr/bin/perl
# callresultctl spool: looking, copying out, and draining, also beside a worker and through kill -9.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);
use Rig qw(folder wait_for reap spawn read_file write_file);
use Rig::Ctl qw(ctl ctl_json exits administrator);
use Rig::Postgres;
use Rig::Push qw(record body $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
my @ctl = ('-c', $worker->{config});

sub count { my ($condition) = @_; return $postgres->sql("select count(*) from callresult.call_result where $condition") }

# Its log says that it serves already, so a new one is begun.
sub restart { unlink $worker->{log}; return $worker->start->wait_until_ready }

# Fills the spool with that many pushes, and leaves the worker stopped and the database running.
sub fill {
	my ($prefix, $count) = @_;
	$postgres->stop('fast');
	my @answers = map { $worker->push_body(body(map { record(called => $_) } "$prefix-$_-a", "$prefix-$_-b"))->{status} }
	    1 .. $count;
	is_deeply [grep { $_ != 200 } @answers], [], "$count pushes are acknowledged";
	is $worker->stop('KILL') & 127, 9, 'the worker is killed';
	$postgres->start;
	return;
}

subtest 'look and copy' => sub {
	$postgres->stop('fast');
	is $worker->push_body($example)->{body}, $success, 'a push';
	is $worker->push_body("[{\e[2J")->{status}, 400, 'a bad body';
	my ($list, $run) = ctl_json(@ctl, 'spool', 'list', '--json');
	exits($run, 0, 'list');
	is scalar(@$list), 2, 'has both';
	is $list->[0]{bytes}, length $example, 'with the size';
	is $list->[0]{fault}, undef, 'without a fault';
	like $list->[1]{fault}, qr/not JSON/, 'or with it';
	unlike $run->{out}, qr/60584/, 'and no content';
	like ctl(@ctl, 'spool', 'list')->{out}, qr/^id +received at +bytes +age +fault\n[0-9a-f-]{36}  [\d-]{10} [\d:]{8} +\d+ B +\d+ s  -$/m, 'plain';
	is ctl(@ctl, 'spool', 'show', $list->[0]{id})->{out}, $example, 'show gives the body as it is';
	is ctl(@ctl, 'spool', 'show', $list->[1]{id})->{out}, "[{\e[2J", 'a bad one, too';
	my $command = join ' ', Rig::Ctl::binary(), @ctl, 'spool', 'show', $list->[1]{id};
	like `script -qec "$command" /dev/null </dev/null`, qr/^\[\{\\x1b\[2J/, 'but for what would drive a terminal';
	exits(ctl(@ctl, 'spool', 'show', 'nonsense'), 2, 'no id');
	exits(ctl(@ctl, 'spool', 'show', '0' x 32), 1, 'an id that is not there');

	my $folder = folder() . '/export';
	my ($export, $export_run) = ctl_json(@ctl, 'spool', 'export', '--json', $folder);
	exits($export_run, 0, 'export');
	is $export->{exported}, 2, 'of both';
	is read_file("$folder/$list->[0]{id}.json"), $example, 'as they are';
	is sprintf('%o', (stat "$folder/$list->[0]{id}.json")[2] & 07777), '600', 'for nobody else';
	is sprintf('%o', (stat $folder)[2] & 07777), '700', 'nor the folder';
	is_deeply [sort map { s{.*/}{}r } glob "$folder/{,.}*"], ['.', '..', sort map { "$_->{id}.json" } @$list], 'and nothing else';
	exits(ctl(@ctl, 'spool', 'export', $folder), 0, 'once more over the same');
	exits(ctl(@ctl, 'spool', 'export', '/proc/no'), 1, 'where nothing can be written');
	is scalar(@{ (ctl_json(@ctl, 'spool', 'list', '--json'))[0] }), 2, 'the spool is as it was';

	my ($drain, $drain_run) = ctl_json(@ctl, 'spool', 'drain', '--give-up', '1', '--json');
	exits($drain_run, 1, 'drain without a database');
	is_deeply $drain, { drained => 0, left => 2 }, 'gives up';
	like $drain_run->{err}, qr/^callresultctl: error: database: /m, 'and says why';
	$postgres->start;
	my ($import, $import_run) = ctl_json(@ctl, 'import', '--as-of', 'file', '--json', $folder);
	exits($import_run, 1, 'import takes it back, and says which is bad');
	is $import->{total}{records}, 1, 'the good one';
	ok wait_for(sub { @{ (ctl_json(@ctl, 'spool', 'list', '--json'))[0] } == 0 }, 60), 'the worker drains';
	is $postgres->sql(q{select count(*), max(revision) from callresult.call_result where called = '60584'}), '1|0',
	    'what came by both ways is there once';
	is $postgres->sql(q{select count(distinct received_at) from callresult.push where sha256 = (select sha256 from callresult.push
		order by received_at limit 1)}), 1, 'received when it was';
};

subtest 'drain' => sub {
	fill('drain', 20);
	my ($json, $run) = ctl_json(@ctl, 'spool', 'drain', '--json');
	exits($run, 0, 'all goes through');
	is_deeply $json, { drained => 20, left => 0 }, 'and is counted';
	is count(q{called like 'drain-%'}), 40, 'all is there';
	is_deeply +(ctl_json(@ctl, 'spool', 'drain', '--json'))[0], { drained => 0, left => 0 }, 'an empty one';
	restart();
};

subtest 'drain waits for the database' => sub {
	fill('waits', 5);
	$postgres->stop('fast');
	my $log = folder() . '/waits.log';
	my $pid = spawn([Rig::Ctl::binary(), @ctl, 'spool', 'drain', '--give-up', '100'], log => $log);
	ok wait_for(sub { read_file($log) =~ /error: database: / }), 'it says what is wrong';
	is reap($pid), undef, 'and goes on';
	$postgres->start;
	my $status;
	ok wait_for(sub { defined($status = reap($pid)) }, 60), 'until it is there';
	is $status, 0, 'and all went through' or diag read_file($log);
	is count(q{called like 'waits-%'}), 10, 'all is there';
	restart();
};

subtest 'drain, killed again and again' => sub {
	fill('killed', 300);
	my $kills = 0;
	for my $round (1 .. 12) {
		my $pid = spawn([Rig::Ctl::binary(), @ctl, 'spool', 'drain']);
		sleep 0.01 * $round;
		last if defined reap($pid);
		kill 'KILL', $pid;
		wait_for(sub { defined reap($pid) });
		$kills++;
	}
	cmp_ok $kills, '>', 2, 'killed in the middle';
	exits(ctl(@ctl, 'spool', 'drain'), 0, 'the last one ends');
	is count(q{called like 'killed-%'}), 600, 'nothing is lost';
	is $postgres->sql(q{select count(*), count(distinct id), sum(inserted) from callresult.push where spooled and
		received_at >= (select min(received_at) from callresult.call_result where called like 'killed-%')}), '300|300|600',
	    'and nothing is there twice';
	restart();
};

subtest 'drain beside workers and another drain' => sub {
	fill('beside', 300);
	my $other = Rig::Worker->configured(postgres => $postgres, spool => { path => "$worker->{base}.spool" });
	my $pid = spawn([Rig::Ctl::binary(), @ctl, 'spool', 'drain'], log => folder() . '/drain.log');
	$other->start;
	exits(ctl(@ctl, 'spool', 'drain'), 0, 'one');
	my $status;
	ok wait_for(sub { defined($status = reap($pid)) }, 60), 'the other one ends';
	is $status, 0, 'well' or diag read_file(folder() . '/drain.log');
	is count(q{called like 'beside-%'}), 600, 'nothing is lost';
	is $postgres->sql(q{select count(*), sum(inserted), sum(duplicates) from callresult.push where spooled and
		received_at >= (select min(received_at) from callresult.call_result where called like 'beside-%')}), '300|600|0',
	    'and nothing is there twice';
	is $other->stop, 0, 'the worker ends well';
};

subtest 'what does not go through' => sub {
	restart();
	fill('stuck', 3);
	$postgres->sql(q{create function public.fail() returns trigger language plpgsql as
		'begin if new.called = ''stuck-2-a'' then raise exception ''no'' using errcode = ''XX000''; end if; return new; end'});
	$postgres->sql(q{create trigger fail before insert on callresult.call_result for each row execute function public.fail()});
	my ($json, $run) = ctl_json(@ctl, 'spool', 'drain', '--give-up', '3', '--json');
	exits($run, 1, 'stays');
	is_deeply $json, { drained => 2, left => 1 }, 'and the others do not';
	unlike $run->{out} . $run->{err}, qr/stuck/, 'no number is said';
	$postgres->sql('drop function public.fail() cascade');
	exits(ctl(@ctl, 'spool', 'drain'), 0, 'goes when the fault is gone');
	is count(q{called like 'stuck-%'}), 6, 'all is there';
};

subtest 'no spool' => sub {
	my $other = Rig::Worker->configured(postgres => $postgres);
	for my $command (['list'], ['drain'], ['export', folder() . '/none']) {
		exits(ctl('-c', $other->{config}, 'spool', @$command), 1, "$command->[0]");
	}
	ok !-e "$other->{base}.spool", 'none is made';
	write_file("$other->{base}.spool", 'x' x 10_000);
	exits(ctl('-c', $other->{config}, 'spool', 'list'), 1, 'one that is damaged');
	is read_file("$other->{base}.spool"), 'x' x 10_000, 'is left for the worker to put aside';
};

# Leaves a spool of 60 pushes aside, with a page of it overwritten.
sub damage {
	my ($prefix, $page) = @_;
	restart();
	fill($prefix, 60);
	my $file = "$worker->{base}.spool.old-$page";
	rename "$worker->{base}.spool$_", "$file$_" for '', '-wal', '-shm';
	system "sqlite3 '$file' 'pragma wal_checkpoint(truncate)' >/dev/null";
	open my $damaged, '+<:raw', $file or die "$file: $!";
	seek $damaged, $page * 4096, 0;
	print {$damaged} "\xa5" x 4096;
	close $damaged;
	return $file;
}

for my $case (['in the middle', 12, 40], ['its first page', 0, 60], ['the root of its table', 1, 60],
    ['a page of its index', 2, 60]) {
	my ($what, $page, $least) = @$case;
	subtest "rescue a damaged spool: $what" => sub {
		my $file = damage("rescue-$page", $page);
		restart();    # there is a new spool
		my ($json, $run) = ctl_json(@ctl, 'spool', 'rescue', '--json', $file);
		exits($run, 0, 'it goes');
		cmp_ok $json->{rescued}, '>=', $least, 'what can be read is taken over';
		ok wait_for(sub { count("called like 'rescue-$page-%'") >= 2 * $least }), 'and is stored';
		($json, $run) = ctl_json(@ctl, 'spool', 'rescue', '--json', $file);
		exits($run, 0, 'it goes again');
		ok wait_for(sub { @{ (ctl_json(@ctl, 'spool', 'list', '--json'))[0] } == 0 }), 'and is stored again';
		is $postgres->sql(q{select count(*), count(distinct called) from callresult.call_result where called like 'rescue-%'})
		    =~ s/^(\d+)\|\1$/once/r, 'once', 'each call is there once';
		ok -e $file, 'the file is there';
		is $worker->stop, 0, 'the worker ends well';
	};
}

subtest 'rescue what is no spool' => sub {
	exits(ctl(@ctl, 'spool', 'rescue', folder() . '/none'), 1, 'a file that is not there');
	my $run = ctl(@ctl, 'spool', 'rescue', write_file(folder() . '/text', 'x' x 100_000));
	exits($run, 1, 'a text');
	like $run->{err}, qr/no push could be read from it/, 'says so';
};

subtest 'a command that is mistyped' => sub {
	my $run = ctl('spool', 'lsit');
	exits($run, 2, 'is refused');
	like $run->{err}, qr/spool has only these commands/, 'as one of spool';
	like $run->{err}, qr/spool list .*spool show .*spool drain .*spool export .*spool rescue /s, 'which are listed';
};

done_testing;
