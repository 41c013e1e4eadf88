#!/usr/bin/perl
# Several workers over one database, as on several hosts: the same push to each of them at once is one row; and behind one
# balancer, with clocks of their own and one of them cut off, the newest content stands and all is counted once.
use strict;
use warnings;
use POSIX ();
use Test::More;
use Rig qw(clock_ahead wait_for);
use Rig::Nginx;
use Rig::Postgres;
use Rig::Proxy;
use Rig::Push qw(record body post $success);
use Rig::Worker;

use constant { WORKERS => 3, PUSHES => 150, RECORDS => 5 };
use constant { SENDERS => 3, NUMBERS => 8, MONTHS => 6 };

my $postgres = Rig::Postgres->start_new;
my @workers = map { Rig::Worker->start_new(postgres => $postgres, database => { writers => 2 })->wait_until_ready } 1 .. WORKERS;

# The same pushes in the same order to every worker, each from a process of its own; the records of a push the other way
# round with every other one, so that keys come in opposite order.
sub push_to_each {
	my ($name, $content) = @_;
	my @senders = map {
		my $number = $_;
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			my $refused = 0;
			for my $push (1 .. PUSHES) {
				my @records = map { record(called => "$name-$push-$_", customField => $content->($number)) } 1 .. RECORDS;
				@records = reverse @records if $number % 2;
				my $answer = $workers[$number]->push_body(body(@records));
				$refused++ if !$answer || $answer->{status} != 200;
			}
			POSIX::_exit($refused > 0);
		}
		$pid;
	} 0 .. $#workers;
	return scalar grep { waitpid $_, 0; $? != 0 } @senders;
}

sub sql { return $postgres->sql(@_) }

subtest 'the same content' => sub {
	is push_to_each('same', sub { 'x' }), 0, 'every push is acknowledged by every worker';
	is sql(q{select count(*), count(distinct called), max(revision) from callresult.call_result where called like 'same-%'}),
	    join('|', (PUSHES * RECORDS) x 2, 0), 'each result is one row';
	is sql('select count(*), sum(inserted), sum(updated), sum(duplicates) from callresult.push'),
	    join('|', PUSHES * WORKERS, PUSHES * RECORDS, 0, PUSHES * RECORDS * (WORKERS - 1)), 'and the rest is duplicates';
};

subtest 'content that differs' => sub {
	is push_to_each('differ', sub { "from $_[0]" }), 0, 'every push is acknowledged by every worker';
	is sql(q{select count(*), count(distinct called) from callresult.call_result where called like 'differ-%'}),
	    join('|', (PUSHES * RECORDS) x 2), 'each result is one row';
	is sql(q{select count(*) from callresult.call_result_revision where called like 'differ-%'}),
	    PUSHES * RECORDS * (WORKERS - 1), 'and what each said before is kept';
	is sql(q{select count(*) from callresult.call_result r where called like 'differ-%' and arrived_at <
		(select max(arrived_at) from callresult.call_result_revision v where v.called = r.called)}), 0,
	    'what arrived last at the database stands';
};

subtest 'one of them goes' => sub {
	$workers[0]->signal('KILL');
	is $workers[1]->push_body(body(record(called => 'after')))->{status}, 200, 'and the others serve on';
	is sql(q{select count(*) from callresult.call_result where called = 'after'}), 1, 'and store';
};
is $_->stop, 0, 'a worker ends well' for @workers[1 .. $#workers];

# --- three hosts behind one balancer: clocks ten seconds apart, one behind a network of its own to the database

my $network = Rig::Proxy->start_new(postgres => $postgres);
my @hosts = map {
	Rig::Worker->start_new(
		# the one that is cut off gives up soon, so that its pushes do not wait out the test
		database => { writers => 2, conninfo => ($_ == 0 ? $network : $postgres)->conninfo },
		server => { reply_deadline => $_ == 0 ? '3s' : '30s' },
		env => { clock_ahead(($_ - 1) * 10) })->wait_until_ready;
} 0 .. WORKERS - 1;
my ($cut_off, @others) = @hosts;
my $nginx = Rig::Nginx->start_new(workers => \@hosts);

# What sender and number stand for: a number called in one of several months, so that the house has something to keep.
sub number_of {
	my ($name, $sender, $number, $content) = @_;
	return record(called => "$name-$sender-$number", customField => $content,
		callTimeStr => sprintf '2026-%02d-15 12:00:00', 1 + $number % MONTHS);
}

sub push_content {
	my ($name, $sender, $number, $content) = @_;
	my $answer = post("$nginx->{url}/callresult/$Rig::Worker::token", body(number_of($name, $sender, $number, $content)));
	return $answer->{content} eq $success;
}

# Senders that push new content for each of their numbers in turn until the condition holds, and one round more.  A number's
# pushes are a quarter of a second apart at least: the clocks are known to less than that.  Gives how many pushes were made
# and refused, and the last content of each sender.
sub push_while {
	my ($name, $condition) = @_;
	my $base = Rig::folder() . "/$name";
	my @pids;
	for my $sender (1 .. SENDERS) {
		my $pid = fork // die "fork: $!";
		push @pids, $pid;
		next if $pid != 0;
		my ($round, $refused, $last) = (0, 0, 0);
		while (!$last) {
			$last = -e "$base-end";
			$round++;
			for my $number (1 .. NUMBERS) { push_content($name, $sender, $number, $round) or $refused++ }
			Rig::write_file("$base-$sender", "$round $refused");
			select undef, undef, undef, 0.25;
		}
		POSIX::_exit(0);
	}
	$condition->();
	Rig::write_file("$base-end", 'end');
	# not any child: a worker that was killed is one too, and a sender's last round would not be counted
	waitpid $_, 0 for @pids;
	my %result = (pushes => 0, refused => 0);
	for my $sender (1 .. SENDERS) {
		my ($round, $refused) = split / /, Rig::read_file("$base-$sender");
		$result{last}{$sender} = $round;
		$result{pushes} += $round * NUMBERS;
		$result{refused} += $refused;
	}
	return %result;
}

subtest 'one is cut off from the database' => sub {
	my ($pushes, $records) = split /\|/, sql('select count(*), sum(records) from callresult.push');
	my %sent = push_while('cut', sub {
		my $waiting = sub { $cut_off->spooled };
		ok wait_for(sub { sql(q{select count(*) from callresult.call_result where called like 'cut-%'}) >= SENDERS * NUMBERS }, 60),
		    'pushes are taken';
		$network->fault('swallow');
		ok wait_for(sub { $waiting->() > 20 }, 60), 'pushes wait with the one that is cut off';
		sleep($ENV{CALLRESULTD_CUT} // 0);    # so many seconds longer: 60, by hand
		# as long as one of its connections has not failed it may still hope
		ok wait_for(sub { $cut_off->get('/-/ready')->{body} =~ /degraded/ }), 'which says that it is degraded';
		is $cut_off->get('/-/ready')->{status}, 200, 'and is ready';
		like $_->get('/-/ready')->{body}, qr/"database":true/, 'another one is not' for @others;
		$network->fault('');
		ok wait_for(sub { $waiting->() == 0 }, 60), 'and are stored when it is back';
	});
	is $sent{refused}, 0, 'no push was refused';
	ok $_->drains, 'a spool is empty' for @hosts;

	my $wanted = join ' or ', map { "(called like 'cut-$_-%' and custom_field = '$sent{last}{$_}')" } 1 .. SENDERS;
	is sql(qq{select count(*), count(*) filter (where $wanted) from callresult.call_result where called like 'cut-%'}),
	    join('|', (SENDERS * NUMBERS) x 2), 'the newest content stands, whoever took it and wherever it waited';
	is sql(q{select count(*), count(distinct (called, custom_field)) from callresult.call_result_revision where called like 'cut-%'}),
	    join('|', ($sent{pushes} - SENDERS * NUMBERS) x 2), 'and each older one is kept once';
	is sql("select count(*) - $pushes, sum(records) - $records, sum(inserted + updated + duplicates + quarantined) - $records
		from callresult.push"), join('|', ($sent{pushes}) x 3), 'the evidence has each push once';
	is sql(q{select bool_or(spooled), bool_or(not spooled) from callresult.push}), 't|t', 'some of them came by the spool';
};

subtest 'one house' => sub {
	ok wait_for(sub { sql(q{select count(*) from callresult.call_result_default} ) == 0 }, 60), 'every row is in its month';
	is sql(q{select count(*) from pg_inherits where inhparent = 'callresult.call_result'::regclass
		and inhrelid::regclass::text ~ '_y2026m0[1-6]$'}), MONTHS, 'each month was made once';
	for my $host (@others) {
		like $host->get('/-/metrics')->{body}, qr/^callresultd_housekeeper_failures_total 0$/m, 'no round of it failed';
		unlike $host->log_text, qr/housekeeper:/, 'and none was logged';
	}
	is sql('select * from callresult.check_tally()'), '', 'and every call is counted once';
	sql('select callresult.fold_tally()');
	is sql('select * from callresult.check_tally()'), '', 'also when all is folded';
};

subtest 'one breaks down while it holds a spool' => sub {
	my %sent = push_while('down', sub {
		$network->fault('swallow');
		ok wait_for(sub { $cut_off->spooled > 5 }, 60), 'pushes wait with the one that is cut off';
		Rig::stop_process($cut_off->{pid}, 'KILL');
		my $seen = sql(q{select count(*) from callresult.call_result_revision where called like 'down-%'});
		ok wait_for(sub { sql(q{select count(*) from callresult.call_result_revision where called like 'down-%'}) > $seen + 100 }, 60),
		    'pushes go to the others';
	});
	is $sent{refused}, 0, 'no push was refused';
	$network->fault('');
	unlink $cut_off->{log};    # which says that it served
	$cut_off->start;
	ok $cut_off->drains, 'what waited with it is stored when it runs again';
	my $wanted = join ' or ', map { "(called like 'down-$_-%' and custom_field = '$sent{last}{$_}')" } 1 .. SENDERS;
	is sql(qq{select count(*) from callresult.call_result where $wanted}), SENDERS * NUMBERS, 'the newest content stands';
	is sql(q{select count(distinct (called, custom_field)) from callresult.call_result_revision where called like 'down-%'}),
	    $sent{pushes} - SENDERS * NUMBERS, 'and nothing is lost';
	is sql('select * from callresult.check_tally()'), '', 'every call is counted once';
};
subtest 'one can keep a push nowhere' => sub {
	my $lost = Rig::Worker->start_new(database => { conninfo => 'host=/nowhere user=worker' }, spool => { path => '/nowhere/spool' },
		server => { reply_deadline => '1s' });
	is $lost->get('/-/ready')->{status}, 503, 'which is not ready';
	my $balancer = Rig::Nginx->start_new(workers => [$lost, $others[0]]);
	for my $number (1 .. 4) {
		is post("$balancer->{url}/callresult/$Rig::Worker::token", body(record(called => "lost-$number")))->{content}, $success,
		    'the next one takes it';
	}
	like $lost->get('/-/metrics')->{body}, qr/^callresultd_refused_pushes_total [1-9]/m, 'what it has refused';
	is $lost->stop, 0, 'the worker ends well';
};
is $_->stop, 0, 'a worker ends well' for @hosts;
$network->stop;
done_testing;
