#!/usr/bin/perl
# Several workers over one database, as on several hosts: the same push to each of them at once is one row.
use strict;
use warnings;
use POSIX ();
use Test::More;
use Rig qw(wait_for);
use Rig::Postgres;
use Rig::Push qw(record body);
use Rig::Worker;

use constant { WORKERS => 3, PUSHES => 150, RECORDS => 5 };

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
done_testing;
