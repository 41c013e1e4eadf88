#!/usr/bin/perl
# PgBouncer in transaction mode between the worker and PostgreSQL: under load, shared, killed and back.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Rig qw(wait_for);
use Rig::Load;
use Rig::PgBouncer;
use Rig::Postgres;
use Rig::Push qw($example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $pgbouncer = Rig::PgBouncer->start_new(postgres => $postgres, connections => 2);
# more writers than connections, so that each transaction may be on another one
my $worker = Rig::Worker->start_new(postgres => $pgbouncer, database => { writers => 6 })->wait_until_ready;

sub sql { return $postgres->sql(@_) }

# off on the role, so that what the worker sets has to reach the transaction it is meant for
sql('alter role worker set synchronous_commit = off');

subtest 'under load' => sub {
	sql(q{create function refuse() returns trigger language plpgsql as $$ begin
		if new.called like 'refused-%' then raise check_violation using constraint = 'rule'; end if; return new; end $$;
		create trigger refuse before insert on callresult.call_result for each row execute function refuse()});
	my $load = Rig::Load->start_new(worker => $worker, senders => 8, refused => 1, pause => 0);
	ok wait_for(sub { sql('select count(*) from callresult.push') > 1000 }, 60), 'pushes are stored';
	is sql(q{select count(*) <= 2 from pg_stat_activity where usename = 'worker'}), 't', 'over two connections';
	$load->stop;
	$load->is_acknowledged('every push was acknowledged');
	$load->is_kept($postgres, 'what was acknowledged is stored or in quarantine, once');
	unlike $worker->log_text, qr/error: /, 'and no error was seen';
	is sql(q{select count(*) from callresult.push where spooled}), 0, 'nothing had to go to the spool';
};

subtest 'killed and back' => sub {
	my $load = Rig::Load->start_new(worker => $worker, senders => 4);
	sleep 0.5;
	$pgbouncer->stop;
	ok wait_for(sub { $worker->get('/-/ready')->{body} =~ /degraded/ }), 'that it is gone is seen';
	sleep 0.5;
	$pgbouncer->start;
	ok $worker->finds_database, 'and that it is back';
	sleep 0.5;
	$load->stop;
	ok $worker->drains, 'the spool drains through it';
	$load->is_acknowledged('every push was acknowledged');
	$load->is_kept($postgres, 'what was acknowledged is stored, once');
};

subtest 'PostgreSQL restarts behind it' => sub {
	my $load = Rig::Load->start_new(worker => $worker, senders => 4);
	sleep 0.3;
	$postgres->stop('immediate');
	sleep 0.5;
	$postgres->start;
	ok $worker->finds_database, 'the database is found again';
	sleep 0.3;
	$load->stop;
	ok $worker->drains, 'the spool drains';
	$load->is_acknowledged('every push was acknowledged');
	$load->is_kept($postgres, 'what was acknowledged is stored, once');
};
is $worker->stop, 0, 'the worker ends well';
done_testing;
