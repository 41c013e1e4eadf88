#!/usr/bin/perl
# Replicas for those who read: a streaming standby, on which every report is the primary's, and warehouses that follow by
# logical replication, as callresult(7) has the statements.
use strict;
use warnings;
use Test::More;
use Rig qw(source wait_for read_file);
use Rig::Ctl qw(ctl ctl_json exits administrator);
use Rig::Postgres;
use Rig::Push qw(record body $success);
use Rig::Worker;

plan skip_all => 'this server comes without pg_basebackup' if !Rig::Postgres::has_own_clients();
my $primary = Rig::Postgres->start_new(settings => { wal_level => 'logical' });
my $worker = Rig::Worker->start_new(postgres => $primary)->wait_until_ready;
$primary->sql('create role reader login in role callresult_reader');

# Calls of a month, some of which come again with other content, and something bad.
sub push_month {
	my ($month, $name) = @_;
	my @calls = map { record(called => "$name$_", callTimeStr => "$month-1$_ 10:00:00", campaignId => "c$_",
		$_ % 2 ? (callStatus => 5, failCode => '538') : ()) } 1 .. 9;
	is $worker->push_body(body(@calls))->{body}, $success, "$name: a push is taken";
	is $worker->push_body(body((map { { %$_, callStatus => 6 } } @calls[0 .. 2]), { called => "bad-$name" }))->{body}, $success,
	    'and one with other content';
	return;
}

sub has_months {
	my ($postgres) = @_;
	return $postgres->sql('select count(*) from callresult.call_result_default') == 0;
}

# What a database shows of everything that people read: the same text for the same content.
sub shown {
	my ($postgres, $database, @views) = @_;
	return join "\n", map {
		"$_: " . $postgres->sql("set timezone = 'UTC'; select count(*), md5(string_agg(v::text, ',' order by v::text))
			from callresult.$_ v", $database, 'reader')
	} @views;
}

# The manual's statements that begin so, as they stand.
sub manual {
	my ($begin) = @_;
	my ($statement) = read_file(source() . '/man/callresult.7') =~ /^(\Q$begin\E.*?;)$/ms or die "no $begin in callresult(7)\n";
	return $statement;
}

# What status says of them.
sub replicas {
	my ($json) = ctl_json(@_, '--json', 'status');
	return $json->{replicas};
}

push_month('2026-03', 'before');
ok wait_for(sub { has_months($primary) }), 'the months are made';
my @views = split /\n/, $primary->sql(q{select relname from pg_class where relnamespace = 'callresult'::regnamespace
	and relkind = 'v' and has_table_privilege('reader', oid, 'select') order by 1});
cmp_ok scalar @views, '>', 12, 'there are views to compare';

subtest 'a streaming standby' => sub {
	my $standby = Rig::Postgres->standby_of($primary);
	push_month('2026-04', '1380000');
	ok wait_for(sub { has_months($primary) }), 'the months are made';
	my $end = $primary->sql('select pg_current_wal_lsn()');
	ok wait_for(sub { $standby->sql("select pg_last_wal_replay_lsn() >= '$end'") eq 't' }), 'it has followed';
	is shown($standby, 'callresult', @views), shown($primary, 'callresult', @views), 'every view shows what it shows on the primary';
	is $standby->sql(q{select count(*) from callresult.calls_to('13800001')}, 'callresult', 'reader'), 1, 'so do the functions';
	is $standby->sql('select * from callresult.check_tally()'), '', 'and its figures agree with its results';
	exits(ctl('-c', $worker->{config}, '-d', "host=$standby->{folder} user=reader dbname=callresult", 'report'), 0, 'a report');

	my @primary = ('-c', $worker->{config}, '-d', administrator($primary));
	my @standby = ('-c', $worker->{config}, '-d', administrator($standby));
	my ($replica) = grep { $_->{name} eq 'standby' } @{ replicas(@primary) };
	is "$replica->{state} $replica->{sync}", 'streaming sync', 'status of the primary names it';
	ok wait_for(sub { replicas(@standby)->[0]{lag_bytes} == 0 }), 'status of the standby says that it is level';
	$primary->sql('alter system set synchronous_commit = local');
	$primary->sql('select pg_reload_conf()');
	$standby->sql('select pg_wal_replay_pause()');
	push_month('2026-05', 'late');
	ok wait_for(sub { (grep { $_->{name} eq 'standby' } @{ replicas(@primary) })[0]{lag_bytes} > 0 }),
	    'status of the primary says how far it is behind';
	ok wait_for(sub { my $self = replicas(@standby)->[0]; $self->{lag_bytes} > 0 && $self->{lag_seconds} > 0 }),
	    'and so does its own';
	$primary->sql('alter system reset all');
	$primary->sql('select pg_reload_conf()');
	$standby->stop;
};

subtest 'a warehouse' => sub {
	my $server = Rig::Postgres->start_new;
	$server->sql('create role reader login in role callresult_reader');
	my $other = 'everything';
	$server->sql("create database $other", 'postgres');
	Rig::run_command('psql', '-X', '-q', '-h', $server->{folder}, '-U', 'postgres', '-d', $other, '-f', source() . '/sql/install.sql');
	my $conninfo = "host=$primary->{folder} dbname=callresult user=postgres";
	for my $case (['callresult', 'warehouse'], [$other, 'everything']) {
		my ($database, $name) = @$case;
		$primary->sql(manual("create publication $name"));
		$server->sql(manual("create subscription $name") =~ s/connection '.*?'/connection '$conninfo'/r, $database);
	}
	my $results = 'select count(*), md5(string_agg(r::text, $$,$$ order by r::text)) from callresult.calls r';
	my $follows = sub {
		my ($name) = @_;
		for my $database ('callresult', $other) {
			ok wait_for(sub { $server->sql($results, $database) eq $primary->sql($results) }, 60), "$name: $database has every result";
		}
	};
	$follows->('at first');
	push_month('2026-07', 'new');
	ok wait_for(sub { has_months($primary) }), 'a new month is made';
	push_month('2026-07', 'later');
	$follows->('a month that is new');
	my $revisions = 'select count(*) from callresult.call_result_revision';
	ok wait_for(sub { $server->sql($revisions) eq $primary->sql($revisions) }), 'and the revisions';
	$primary->sql(q{select * from callresult.erase_number('13800001')});
	my $left = q{select count(*) from (select called from callresult.call_result union all
		select called from callresult.call_result_revision) r where called = '13800001'};
	for my $database ('callresult', $other) {
		ok wait_for(sub { $server->sql($left, $database) == 0 }, 60), "a number that is erased is erased in $database, too";
	}
	isnt $server->sql('select * from callresult.check_tally() limit 1'), '', 'results alone: the reports of counts lack what was applied';
	$server->sql(manual('select callresult.rebuild_tally()'));
	is $server->sql('select * from callresult.check_tally()'), '', 'until they are counted there';
	is shown($server, 'callresult', 'campaign_daily'), shown($primary, 'callresult', 'campaign_daily'), 'and then they are the same';
	ok wait_for(sub { $server->sql('select callresult.keep_house()'); has_months($server) }), 'the warehouse makes months of its own';
	is shown($server, 'callresult', 'calls'), shown($primary, 'callresult', 'calls'), 'and loses nothing by that';

	my @counts = qw(campaign_summary campaign_daily campaign_hourly failure_breakdown);
	$primary->sql('select callresult.fold_tally()');
	ok wait_for(sub { shown($server, $other, @counts) eq shown($primary, 'callresult', @counts) }, 60), 'everything: so are the reports at once';
	is $server->sql('select * from callresult.check_tally()', $other), '', 'and agree with the results';
	is $primary->sql(q{select count(*) > 0 from callresult.retain(now() - '2026-04-15'::timestamptz)}), 't', 'the publisher drops months';
	ok wait_for(sub { $server->sql('select * from callresult.check_tally() limit 1', $other) ne '' }), 'which stay where they are followed';
	is $server->sql(q{select callresult.add_month('call_result', '2026-03-01')}, $other), 't', 'a month can be made there';
	$server->sql('drop table callresult.call_result_y2026m03', $other);
	is $server->sql('select * from callresult.check_tally()', $other), '', 'and agree when they are dropped there';
	for my $case (['callresult', 'warehouse'], [$other, 'everything']) {
		$server->sql("drop subscription $case->[1]", $case->[0]);
	}
};
is $worker->stop, 0, 'the worker ends well';
done_testing;
