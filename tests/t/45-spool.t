#!/usr/bin/perl
# The spool in bad company: another worker on it, a disk that hangs, a disk that others have filled.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Rig qw(folder build run_command wait_for write_file);
use Rig::Load;
use Rig::Postgres;
use Rig::Push qw(record body $success);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my %quick = (server => { reply_deadline => '3s' });

subtest 'two workers on one spool' => sub {
	my $path = folder() . '/shared.spool';
	my @workers = map { Rig::Worker->start_new(postgres => $postgres, %quick, spool => { path => $path })->wait_until_ready }
	    1 .. 2;
	$postgres->stop('fast');
	my @loads = map { Rig::Load->start_new(worker => $_, senders => 6) } @workers;
	for my $load (@loads) {
		ok wait_for(sub { my %seen = $load->seen; ($seen{200} // 0) >= 500 }, 180), 'each has its turns';
	}
	$postgres->start;
	$_->stop for @loads;
	ok $_->drains, 'the spool is empty in the end' for @workers;
	for my $load (@loads) {
		is_deeply [keys %{ $load->{answers} }], [200], 'nothing is refused';
		$load->is_kept($postgres, 'nothing is lost or double');
	}
	is $_->stop, 0, 'the worker ends well' for @workers;
};

subtest 'a push that is larger than the room there is' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, %quick, spool => { max_size => '1M' })->wait_until_ready;
	$postgres->stop('fast');
	my $large = body(record(called => 'larger', customField => 'x' x 2_000_000));
	is $worker->push_body($large)->{status}, 503, 'it is refused';
	is $worker->push_body(body(record(called => 'smaller')))->{status}, 200, 'another one is taken';
	my $text = $worker->get('/-/metrics')->{body};
	like $text, qr/^# HELP callresultd_spool_up 1 if the spool can accept a push of 64 KiB, else 0\.$/m, 'of what size is said';
	like $text, qr/^callresultd_spool_up 1$/m, 'so the spool is up';
	is $worker->push_body($large)->{status}, 503, 'the large one is refused again';
	$postgres->start;
	ok $worker->drains, 'the other one is stored';
	is $worker->push_body($large)->{status}, 200, 'and the large one, when the database is back';
	is $worker->stop, 0, 'the worker ends well';
};

# a limit of the system, or a quota, comes as another error than a full disk
subtest 'a file that may not grow' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres, %quick);
	$worker->start(prefix => ['prlimit', '--fsize=1000000', '--'])->wait_until_ready;
	$postgres->stop('fast');
	my $large = body(record(called => 'over the limit', customField => 'x' x 2_000_000));
	is $worker->push_body($large)->{status}, 503, 'a push beyond the limit is refused';
	ok wait_for(sub { $worker->log_text =~ /it or its disk is full/ }), 'and that it is full is said';
	is $worker->push_body(body(record(called => 'below the limit')))->{status}, 200, 'another one is taken';
	$postgres->start;
	ok $worker->drains, 'and stored';
	is $worker->push_body($large)->{status}, 200, 'as is the large one, when the database is back';
	is $worker->stop, 0, 'the worker ends well';

	# the thread that ends the worker closes the spool, which moves what waits from the log into the file
	unlink $worker->{log};
	$worker->start->wait_until_ready;
	$postgres->stop('fast');
	my $waiting = body(record(called => 'waits over the limit', customField => 'x' x 2_000_000));
	is $worker->push_body($waiting)->{status}, 200, 'without a limit a large push is taken';
	run_command('prlimit', '--pid', $worker->{pid}, '--fsize=1000000:');
	is $worker->stop, 0, 'under one the worker ends well, too';
	$postgres->start;
	unlink $worker->{log};
	$worker->start->wait_until_ready;
	ok $worker->drains, 'and the next stores what waited';
	is $postgres->sql(q{select count(*) from callresult.call_result where called = 'waits over the limit'}), 1, 'once';
	is $worker->stop, 0, 'it ends well';
};

# The disk of its spool hangs while the file is there.
sub worker_on_disk_that_hangs {
	my ($hangs) = @_;
	my $worker = Rig::Worker->configured(postgres => $postgres, %quick);
	$worker->start(env => { LD_PRELOAD => build() . '/tests/shim/failing.so', ASAN_OPTIONS => 'verify_asan_link_order=0',
		FAILING_CALL => 'hang', FAILING_EVERY => 1, FAILING_PATH => "$worker->{base}.spool", FAILING_WHILE => $hangs })
	    ->wait_until_ready;
	return $worker;
}

subtest 'a disk that hangs' => sub {
	my $hangs = folder() . '/hangs';
	my $worker = worker_on_disk_that_hangs($hangs);
	$postgres->stop('fast');
	is $worker->push_body(body(record(called => 'before')))->{status}, 200, 'a push goes to the spool';
	write_file($hangs, '');
	my $start = time;
	is $worker->push_body(body(record(called => 'hangs')))->{status}, 503, 'one that needs the disk is refused';
	cmp_ok time - $start, '<', 8, 'in time';
	ok wait_for(sub { $worker->get('/-/ready')->{body} =~ /"database":false,"spool":false/ }), '/-/ready says so, and metrics';
	like $worker->get('/-/metrics')->{body}, qr/^callresultd_spool_up 0$/m, 'as well';
	$postgres->start;
	ok $worker->finds_database, 'the database is back';
	is $worker->push_body(body(record(called => "there-$_")))->{status}, 200, 'and takes pushes' for 1 .. 3;
	unlink $hangs;
	ok wait_for(sub { $worker->get('/-/ready')->{body} =~ /"spool":true/ }), 'the disk is back';
	ok $worker->drains, 'the spool drains';
	is $postgres->sql(q{select count(*) from callresult.call_result where called in ('before', 'there-1', 'there-2', 'there-3')}),
	    4, 'all is stored';
	write_file($hangs, '');
	$postgres->stop('fast');
	$worker->push_body(body(record(called => 'hangs at the end')));
	$start = time;
	is $worker->stop, 0, 'the worker ends all the same';
	cmp_ok time - $start, '<', 15, 'soon';
	$postgres->start;
};

# what the replay has stored it cannot remove
subtest 'a disk that hangs under the replay' => sub {
	my $hangs = folder() . '/replay-hangs';
	my $worker = worker_on_disk_that_hangs($hangs);
	my $stored = sub { $postgres->sql(q{select count(*) from callresult.call_result where called = 'hangs in the replay'}) };
	$postgres->stop('fast');
	is $worker->push_body(body(record(called => 'hangs in the replay')))->{status}, 200, 'a push goes to the spool';
	write_file($hangs, '');
	$postgres->start;
	ok wait_for(sub { $stored->() == 1 }), 'the replay stores it';
	my $start = time;
	is $worker->stop, 0, 'the worker ends all the same';
	cmp_ok time - $start, '<', 15, 'soon';
	like $worker->log_text, qr/does not respond to the replay; exiting/, 'and says why it closes nothing';
	unlink $hangs, $worker->{log};
	$worker->start;
	ok $worker->drains, 'the next one removes it';
	is $stored->(), 1, 'it is stored once';
	is $worker->stop, 0, 'that one ends well';
};

subtest 'a disk that others have filled' => sub {
	my $disk = folder() . '/disk';
	mkdir $disk;
	plan skip_all => 'only root can mount a disk' if $> != 0 || system("mount -t tmpfs -o size=100m tmpfs $disk 2>/dev/null") != 0;
	my $worker = Rig::Worker->start_new(postgres => $postgres, %quick, spool => { path => "$disk/spool.db" })->wait_until_ready;
	ok wait_for(sub { -e "$disk/spool.db.reserve" }), 'there is a reserve';
	$postgres->stop('fast');
	my $filled = sub { my ($name, $count) = @_;
		my @answers = map { $worker->push_body(body(record(called => "$name-$_", customField => 'x' x 20_000)))->{status} } 1 .. $count;
		return scalar grep { $_ == 200 } @answers };
	is $filled->('filled', 600), 600, 'pushes wait';
	# a log that is cut off is one that has to grow again
	system "sqlite3 $disk/spool.db 'pragma wal_checkpoint(truncate)' >/dev/null";
	system "dd if=/dev/zero of=$disk/filler bs=64k 2>/dev/null";
	$postgres->start;
	ok $worker->drains, 'they drain';
	is $postgres->sql(q{select count(*), sum(revision), (select count(*) from callresult.push where spooled and duplicates > 0)
		from callresult.call_result where called like 'filled-%'}), '600|0|0', 'and are stored once each';
	ok -s "$disk/spool.db" > 10_000_000, 'the file keeps what others would take';
	$postgres->stop('fast');
	is $filled->('again', 500), 500, 'there is room for another outage in it';
	unlink "$disk/filler";
	$postgres->start;
	ok $worker->drains, 'which drains as well';
	is $postgres->sql(q{select count(*) from callresult.call_result where called like 'again-%'}), 500, 'and is stored';
	ok wait_for(sub { -s "$disk/spool.db" < 1_000_000 }), 'the file is cut off when others have left';
	is $worker->stop, 0, 'it ends well';
	system "umount $disk";
};

done_testing;
