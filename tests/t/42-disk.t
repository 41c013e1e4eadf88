#!/usr/bin/perl
# The spool's disk: calls that fail, a disk that is nearly full, a damaged file.  What is acknowledged is there all the same.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Rig qw(folder build wait_for write_file run_command reap);
use Rig::Load;
use Rig::Postgres;
use Rig::Push qw(record body $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my %quick = (server => { reply_deadline => '1s' });

my $shim = build() . '/tests/shim/failing.so';
for my $case (['sync', 2], ['sync', 3], ['sync', 7], ['write', 5], ['write', 23]) {
	my ($call, $every) = @$case;
	my $name = "every $every. $call fails";
	my $worker = Rig::Worker->configured(postgres => $postgres, %quick);
	$worker->start(env => { LD_PRELOAD => $shim, ASAN_OPTIONS => 'verify_asan_link_order=0', FAILING_CALL => $call,
		FAILING_EVERY => $every, FAILING_PATH => "$worker->{base}.spool" });
	$postgres->stop('fast');
	my $load = Rig::Load->start_new(worker => $worker);
	wait_for(sub { my %seen = $load->seen; ($seen{200} // 0) >= 50 }, 20);
	$postgres->start;
	wait_for(sub { my %seen = $load->seen; $seen{200} }, 40);
	$load->stop;
	cmp_ok $load->{answers}{200} // 0, '>', 0, "$name: pushes are acknowledged";
	is_deeply [grep { !/^(200|503)$/ } keys %{ $load->{answers} }], [], "$name: others may be refused, and nothing else happens";
	# a spool that syncs nothing would never meet the fault
	ok wait_for(sub { $worker->log_text =~ /spool \S+: (cannot|the file is damaged)/ }), "$name: it is noticed" if $call eq 'sync';
	# what cannot be taken out of the spool is taken out by the next run, without the fault
	is $worker->stop, 0, "$name: the worker ends well";
	unlink $worker->{log};
	$worker->start;
	ok $worker->drains, "$name: the spool is empty in the end";
	$load->is_kept($postgres, "$name: nothing acknowledged is lost or double");
	is $worker->stop, 0, "$name: the worker ends well";
}

# Stored again and again it would keep the database busy for nothing.
subtest 'what cannot be taken out of the spool' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, %quick)->wait_until_ready;
	$postgres->stop('fast');
	is $worker->push_body(body(record(called => 'stuck')))->{body}, $success, 'is put there';
	is $worker->stop, 0, 'by a worker that ends';
	unlink $worker->{log};
	$postgres->start;
	$worker->start(env => { LD_PRELOAD => $shim, ASAN_OPTIONS => 'verify_asan_link_order=0', FAILING_CALL => 'write',
		FAILING_EVERY => 1, FAILING_PATH => "$worker->{base}.spool-wal" })->wait_until_ready;
	ok wait_for(sub { $worker->log_text =~ /cannot remove stored pushes from it/ }), 'that is said';
	sleep 3;
	my ($stored) = $worker->get('/-/metrics')->{body} =~ /^callresultd_replayed_pushes_total (\d+)/m;
	is $stored, 1, 'it is stored once, and not again and again';
	is $worker->spooled, 0, 'and is not among those that wait';
	is $worker->stop, 0, 'the worker ends well';
	unlink $worker->{log};
	$worker->start;
	ok $worker->drains, 'the next one takes it out';
	is $postgres->sql(q{select count(*) from callresult.call_result where called = 'stuck'}), 1, 'it is stored once';
	is $worker->stop, 0, 'the worker ends well';
};

# False where that is not allowed: only root can, and not in every container.
sub mount_disk {
	my ($folder, $size) = @_;
	return $> == 0 && system("mount -t tmpfs -o size=$size tmpfs $folder 2>/dev/null") == 0;
}

subtest 'a disk that is nearly full' => sub {
	my $disk = folder() . '/disk';
	mkdir $disk;
	mount_disk($disk, '70m') or plan skip_all => 'only root can mount a disk';
	my $worker = Rig::Worker->start_new(postgres => $postgres, %quick, spool => { path => "$disk/spool.db" })
	    ->wait_until_ready;
	like $worker->log_text, qr/is on tmpfs/, 'that it is on tmpfs is said';
	$postgres->stop('fast');
	my (%acknowledged, $refused);
	for (1 .. 400) {
		my $answer = $worker->push_body(body(record(called => "disk-$_", customField => 'x' x 50_000)));
		$acknowledged{"disk-$_"} = 1 if $answer->{status} == 200;
		$refused = $answer->{status} if $answer->{status} != 200;
		last if $refused;
	}
	is $refused, 503, 'at the floor the answer is 503';
	cmp_ok scalar keys %acknowledged, '>', 20, 'pushes were taken before';
	is $worker->get('/-/ready')->{status}, 503, 'it is not ready';
	$postgres->start;
	ok $worker->drains, 'nearly full: the spool is empty in the end';
	is $postgres->sql(q{select count(*) from callresult.call_result where called like 'disk-%'}), scalar keys %acknowledged,
	    'what was acknowledged is stored';
	is $worker->stop, 0, 'it ends well';
	system("umount $disk");
};

# PostgreSQL gives up as a whole when it cannot write its log, and refuses single statements when it cannot write a table.
subtest 'the disk of PostgreSQL full' => sub {
	my ($disk, $mounted);
	my $small = eval { Rig::Postgres->start_new(settings => { min_wal_size => '32MB', max_wal_size => '48MB' }, before => sub {
		$disk = $_[0];
		$mounted = mount_disk($disk, '160m') or die 'no disk';
	}) };
	plan skip_all => 'only root can mount a disk' if !$mounted;
	my $worker = Rig::Worker->start_new(postgres => $small, %quick)->wait_until_ready;
	my $load = Rig::Load->start_new(worker => $worker);
	my $spooled = sub { ($worker->get('/-/metrics')->{body} =~ /^callresultd_spooled_pushes_total (\d+)$/m)[0] };
	for my $round (1 .. 3) {
		my $before = $spooled->();
		system "dd if=/dev/zero of=$disk/filler bs=64k 2>/dev/null";
		ok wait_for(sub { $spooled->() >= $before + 20 }, 60), "full, round $round: pushes go to the spool";
		unlink "$disk/filler";
		if (!$small->answers) { eval { $small->stop('kill') }; $small->start; }
		ok $worker->finds_database, 'there is room: the database is back';
	}
	$load->stop;
	ok $worker->drains, 'the disk of PostgreSQL: the spool is empty in the end';
	$load->is_kept($small, 'nothing acknowledged is lost, altered or double');
	$load->is_acknowledged('every push is acknowledged');
	is $small->sql(q{select count(*) from callresult.quarantine where convert_from(raw, 'UTF8') !~ '^\{"called":"bad-'}), 0,
	    'nothing good is in quarantine';
	is $worker->stop, 0, 'the worker ends well';
	$small->stop('fast');
	system "umount $disk";
};

subtest 'a damaged file' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres, %quick);
	write_file("$worker->{base}.spool", 'no database at all, but something that was written over it' x 100);
	$worker->start->wait_until_ready;
	like $worker->log_text, qr/is damaged; keeping it as/, 'is put aside, and that is said';
	$postgres->stop('fast');
	is $worker->push_body(body(record(called => 'damaged')))->{body}, $success, 'a new one takes pushes';
	$postgres->start;
	ok $worker->drains, 'damaged: the spool is empty in the end';
	is $worker->stop, 0, 'it ends well';
};
subtest 'a file damaged while it is in use' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, %quick)->wait_until_ready;
	is $worker->stop, 0, 'a spool that is on its disk whole';
	unlink $worker->{log};
	$worker->start->wait_until_ready;
	open my $file, '+<', "$worker->{base}.spool" or die;
	seek $file, 8192, 0;
	print {$file} 'x' x ((-s $file) - 8192);
	close $file;
	$postgres->stop('fast');
	is $worker->push_body(body(record(called => 'damaged-later')))->{body}, $success, 'a new one takes pushes';
	ok wait_for(sub { $worker->log_text =~ /is damaged; keeping it as/ }), 'that is said';
	$postgres->start;
	ok $worker->drains, 'damaged while in use: the spool is empty in the end';
	is $postgres->sql(q{select count(*) from callresult.call_result where called = 'damaged-later'}), 1, 'it is stored';
	is $worker->stop, 0, 'it ends well';
};

# Pages of pushes in the middle, while the worker runs and the database is away, or before it starts.
for my $running (1, 0) {
	my $name = $running ? 'pages damaged in an outage' : 'pages damaged before a start';
	subtest $name => sub {
		my $worker = Rig::Worker->start_new(postgres => $postgres, %quick)->wait_until_ready;
		$postgres->stop('fast');
		my $prefix = "pages-$running";
		my @answers = map { $worker->push_body(body(record(called => "$prefix-$_", customField => 'x' x 900)))->{status} } 1 .. 400;
		is_deeply [grep { $_ != 200 } @answers], [], 'pushes are taken';
		# or the pages below would still be read from its log
		ok wait_for(sub { qx{sqlite3 $worker->{base}.spool 'pragma wal_checkpoint(full)'} =~ /^0\|(\d+)\|\1$/ }),
		    'they are in the file itself' if $running;
		is $worker->stop, 0, 'the worker ends' if !$running;
		open my $file, '+<:raw', "$worker->{base}.spool" or die;
		for my $page (20, 40) { seek $file, $page * 4096, 0; print {$file} "\xff" x 4096; }
		close $file;
		if ($running) {
			ok wait_for(sub { $worker->log_text =~ /is damaged; keeping it as/ }), 'it is found in the outage';
			is $worker->push_body(body(record(called => "$prefix-later")))->{status}, 200, 'pushes are taken on';
		}
		$postgres->start;
		unlink $worker->{log} if !$running;
		$worker->start if !$running;
		ok wait_for(sub { $worker->log_text =~ /rescued=(\d+) lost=(\d+)$/m }, 60), 'what can be read is rescued';
		my ($rescued, $lost) = $worker->log_text =~ /rescued=(\d+) lost=(\d+)$/m;
		is $rescued + $lost, 400, 'and the rest is named';
		cmp_ok $rescued, '>', 380, 'which is little';
		ok $worker->drains, 'it drains';
		is $postgres->sql("select count(*) from callresult.call_result where called like '$prefix-%'"), $rescued + $running,
		    'it is stored';
		is scalar(() = glob "$worker->{base}.spool.damaged-*"), 0, 'no file is named as one to be looked after';
		is $worker->stop, 0, 'it ends well';
	};
}

for my $way ('removed', 'moved', 'mounted over', 'removed with its folder', 'left without its log', 'left without its index') {
	subtest "a file that is $way while pushes wait in it" => sub {
		my $folder = Rig::folder() . '/gone-' . $way =~ tr/ /-/r;
		mkdir $folder;
		plan skip_all => 'only root can mount a disk' if $way eq 'mounted over' && $> != 0;
		my $worker = Rig::Worker->start_new(postgres => $postgres, %quick, spool => { path => "$folder/spool.db" })
		    ->wait_until_ready;
		$postgres->stop('fast');
		is scalar(grep { $worker->push_body(body(record(called => "$way-$_")))->{status} == 200 } 1 .. 300), 300,
		    'pushes wait';
		if ($way eq 'moved') {
			rename $_, "$folder.old" . s/.*spool\.db//r or die $! for glob "$folder/spool.db*";
		} elsif ($way eq 'mounted over') {
			mount_disk($folder, '160m') or die 'no disk';
		} elsif ($way =~ /^left/) {
			unlink "$folder/spool.db-" . ($way =~ /log/ ? 'wal' : 'shm') or die $!;
		} else {
			unlink glob "$folder/spool.db*";
			rmdir $folder if $way ne 'removed';
		}
		if (!-d $folder) {
			ok wait_for(sub { $worker->log_text =~ /cannot open it/ }), 'that nothing can be made there is said';
			mkdir $folder;
		}
		ok wait_for(sub { $worker->log_text =~ /rescued all pushes of the file that was removed or replaced rescued=300/ }),
		    'they are taken over';
		is scalar(() = glob "$folder/*.removed-*"), 0, 'and are there once';
		is $worker->push_body(body(record(called => "$way-behind")))->{status}, 200, 'a new one waits behind them';
		$worker->signal('KILL');
		ok wait_for(sub { defined reap($worker->{pid}) }), 'the worker is killed';
		unlink $worker->{log};
		$worker->start;
		$postgres->start;
		ok $worker->drains, 'it drains';
		is $postgres->sql("select count(*), count(distinct called) from callresult.call_result where called like '$way-%'"),
		    '301|301', 'all is stored, once';
		is $worker->stop, 0, 'it ends well';
		system 'umount', $folder if $way eq 'mounted over';
	};
}

subtest 'a file that is removed' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, %quick)->wait_until_ready;
	unlink glob "$worker->{base}.spool*";
	$postgres->stop('fast');
	is $worker->push_body(body(record(called => 'removed')))->{body}, $success, 'pushes are taken';
	# what it logs it writes a moment later
	ok wait_for(sub { $worker->log_text =~ /was removed or replaced/ }), 'that it was removed is said';
	$worker->signal('KILL');
	ok wait_for(sub { defined reap($worker->{pid}) }), 'and the worker is killed';
	unlink $worker->{log};
	$worker->start;
	$postgres->start;
	ok $worker->drains, 'removed: the spool is empty in the end';
	is $postgres->sql(q{select count(*) from callresult.call_result where called = 'removed'}), 1, 'what was acknowledged is stored';
	is $worker->stop, 0, 'it ends well';
};
done_testing;
