#!/usr/bin/perl
# A failover: the primary of a synchronous pair is killed under load and the standby promoted.  Nothing acknowledged is
# lost, and the worker finds the new primary by itself.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Rig qw(folder read_file wait_for write_file);
use Rig::Ctl qw(ctl);
use Rig::Load;
use Rig::Postgres;
use Rig::Push qw(record body);
use Rig::Worker;

plan skip_all => 'this server comes without pg_basebackup' if !Rig::Postgres::has_own_clients();
# an argument of the server, as with Patroni
my $primary = Rig::Postgres->start_new(settings => { track_commit_timestamp => 'off' });
my $standby = Rig::Postgres->standby_of($primary);
my $conninfo = "host=$primary->{folder},$standby->{folder} user=worker dbname=callresult target_session_attrs=read-write";
my $worker = Rig::Worker->start_new(database => { conninfo => $conninfo, writers => 2 })->wait_until_ready;

is $worker->push_body(body(record(called => 'first')))->{status}, 200, 'a push is taken';
is $standby->sql(q{select count(*) from callresult.call_result where called = 'first'}), 1, 'and is on the standby by then'
    if wait_for(sub { $standby->sql('select pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()') eq 't' });

subtest 'a standby that hangs' => sub {
	my $hasty = Rig::Worker->start_new(database => { conninfo => $conninfo, writers => 2 }, server => { reply_deadline => '1s' })
	    ->wait_until_ready;
	my $waiting = q{select pid from pg_stat_activity where wait_event = 'SyncRep' and query = 'COMMIT' order by pid limit 1};
	unlike ctl('-c', $hasty->{config}, 'doctor')->{out}, qr/standby/, 'doctor has nothing to say of a standby';
	$standby->pause;
	is $hasty->push_body(body(record(called => 'hangs')))->{status}, 200, 'a push is taken, into the spool';
	is $hasty->spooled, 1, 'where it waits';
	my $pid = wait_for(sub { $primary->sql($waiting) }, 60);
	ok $pid, 'the replay has a server process wait for the standby';
	ok wait_for(sub { $primary->sql("select count(*) from pg_stat_activity where pid = $pid") == 0 }, 60),
	    'which is gone when it is given up, though the standby is away';
	$standby->resume;
	ok $hasty->drains, 'and the push is stored when the standby is back';
	is $primary->sql(q{select count(*) from callresult.call_result where called = 'hangs'}), 1, 'once';
	is $hasty->stop, 0, 'the worker ends well';
};

my $load = Rig::Load->start_new(worker => $worker, senders => 6);
ok wait_for(sub { my %seen = $load->seen; ($seen{200} // 0) > 200 }, 60), 'pushes are taken';
my $killed = time;
$primary->stop('kill');
ok wait_for(sub { $worker->get('/-/ready')->{body} =~ /degraded/ }), 'the primary is gone: pushes go to the spool';
my $promoting = time;
$standby->promote;
my $promoted = time;
ok $worker->finds_database, 'the worker finds the new primary';
my $back = time;
ok wait_for(sub { $standby->sql('select count(*) > 0 from callresult.push where spooled') eq 't' }, 60), 'the spool drains into it';
my %before = $load->seen;
ok wait_for(sub { my %seen = $load->seen; $seen{200} > $before{200} + 100 }, 60), 'and pushes are taken on';
$load->stop;
note sprintf 'from the kill to the database found again %.1f s; promotion took %.1f s of it, and %.1f s passed after it',
    $back - $killed, $promoted - $promoting, $back - $promoted;
note sprintf 'the slowest answer took %.1f s', $load->{slowest};

ok $worker->drains, 'the spool is empty';
$load->is_acknowledged('every push was acknowledged');
$load->is_kept($standby, 'nothing that was acknowledged is lost or double');
like ctl('-c', $worker->{config}, 'doctor')->{out}, qr/exists on one node only/, 'doctor says what a 200 is worth without a standby';
my $one_host = write_file(folder() . '/one-host.conf',
	read_file($worker->{config}) =~ s/^conninfo = .*/conninfo = @{[$standby->conninfo]}/mr);
like ctl('-c', $one_host, 'doctor')->{out}, qr/exists on one node only/,
    'also where conninfo names one host, as with HAProxy, and Patroni runs the server';
is $worker->stop, 0, 'the worker ends well';
done_testing;
