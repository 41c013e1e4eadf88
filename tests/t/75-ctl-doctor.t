#!/usr/bin/perl
# callresultctl doctor: what is wrong with a database that stores pushes all the same, for a while.
use strict;
use warnings;
use JSON::PP;
use POSIX qw(strftime);
use Test::More;
use Rig qw(folder free_port wait_for write_file);
use Rig::Ctl qw(ctl ctl_json);
use Rig::Postgres;
use Rig::Push qw(record body $success);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;

sub findings {
	my ($config) = @_;
	return (ctl_json('-c', $config, 'doctor', '--json'))[0]{findings};
}

# finds NAME => [SEVERITY, WHAT, CURE], broken => SQL, mended => SQL: not before it is broken, and not after
sub finds {
	my ($name, $expected, %with) = @_;
	my ($severity, $what, $cure) = @$expected;
	my $found = sub { (grep { $_->{what} =~ $what } @{ findings($worker->{config}) })[0] };
	is $found->(), undef, "$name: not there at first" if @{ $with{broken} };
	$postgres->sql($_) for @{ $with{broken} };
	my $finding;
	ok wait_for(sub { $finding = $found->() }, 60), "$name: found" or diag encode_json(findings($worker->{config}));
	is $finding->{severity}, $severity, "$name: $severity";
	ok $finding->{why}, "$name: with the reason";
	like $finding->{cure}, $cure, "$name: with the cure";
	$postgres->sql($_) for @{ $with{mended} // [] };
	is $found->(), undef, "$name: and not any more" if $with{mended};
	return;
}

finds('triggers that do not fire', ['FAULT', qr/session_replication_role is replica/, qr/reset session_replication_role/],
	broken => ['alter role worker set session_replication_role = replica'],
	mended => ['alter role worker reset session_replication_role']);
finds('owners', ['FAULT', qr/^additional owners of the schema.*: 1,/, qr/make one role own all of it/],
	broken => ['create role other', 'alter function callresult.retain owner to other'],
	mended => ['alter function callresult.retain owner to postgres', 'drop role other']);
finds('a publication', ['FAULT', qr/published tables without a replica identity.*: 1, for example kept/, qr/publish = 'insert'/],
	broken => ['create table callresult.kept (id int)', 'create publication p for table callresult.kept'],
	mended => ['drop publication p', 'drop table callresult.kept']);
finds('a publication of some columns', ['FAULT', qr/ list of columns that lacks some of it: \d+, for example call_result_default/,
	qr/publish all columns/],
	broken => ['create publication p for table callresult.call_result (campaign_id) with (publish_via_partition_root)'],
	mended => [q{alter publication p set (publish = 'insert')}]);
finds('a publication of columns without the key', ['FAULT', qr/ list of columns .*: 1, for example quarantine/, qr/publish all columns/],
	broken => ['create publication q for table callresult.quarantine (reason)'],
	mended => ['drop publication q', 'drop publication p']);
my $noted = q{insert into callresult.feed_log (records, stored_at, push_id, campaign_id, call_time_local, called, session_id,
	call_id, vdn_id) values (1, now() - interval '2 days', '{}', '{}', '{}', '{}', '{}', '{}', '{}')};
finds('a feed that nobody numbers', ['warning', qr/numbering is more than a minute behind: 1, for example crm/, qr/callresultd runs/],
	broken => [q{select callresult.feed_add('crm')}, 'alter function callresult.number_feed() rename to number_none', $noted],
	mended => ['alter function callresult.number_none() rename to number_feed', q{select callresult.number_feed()}]);
finds('a consumer that is gone', ['warning', qr/waited for more than a day: 1, for example crm/, qr/feed_drop/],
	broken => [], mended => [q{select callresult.feed_drop('crm')}]);
finds('the sort order', ['FAULT', qr/database's collation has version 0, but the operating system's is /,
	qr/^reindex database callresult; (?:alter database callresult refresh|update pg_database)/],
	broken => [q{update pg_database set datcollversion = '0' where datname = 'callresult'}],
	mended => [q{update pg_database set datcollversion = pg_database_collation_actual_version(oid) where datname = 'callresult'}]);
finds('the sort order of an index', ['FAULT', qr/^collations of indexes whose version .*: 1, for example de-x-icu/, qr/alter collation NAME/],
	broken => ['create index kept_sorted on callresult.call_result (custom_field collate "de-x-icu")',
		q{update pg_collation set collversion = '0' where collname = 'de-x-icu'}],
	mended => ['drop index callresult.kept_sorted',
		q{update pg_collation set collversion = pg_collation_actual_version(oid) where collname = 'de-x-icu'}]);
finds('an index that sorts by a language', ['warning', qr/^unique indexes that sort text by a language: 1, for example .*kept_sorted/, qr/install\.sql/],
	broken => ['create table callresult.kept (name text collate "und-x-icu")', 'create unique index kept_sorted on callresult.kept (name)'],
	mended => ['drop table callresult.kept']);
finds('a log of parameters', ['warning', qr/logs statement parameters: log_min_duration_statement$/,
	qr/alter role "worker" set log_parameter_max_length = 0/],
	broken => ['alter role worker set log_min_duration_statement = 0'],
	mended => ['alter role worker set log_parameter_max_length = 0']);
finds('auto_explain', ['warning', qr/^auto_explain logs/, qr/auto_explain\.log_min_duration = -1/],
	broken => [q{alter role worker set session_preload_libraries = 'auto_explain'},
		'alter role worker set auto_explain.log_min_duration = 0'],
	mended => ['alter role worker reset all']);

# the worker's housekeeper counts them with the next push, or after half a minute
$postgres->sql(q{insert into callresult.quarantine (received_at, reason, raw, sha256)
	select now(), 'a test', n::text::bytea, sha256(n::text::bytea) from generate_series(1, 10001) n});
is $worker->push_body('[]')->{body}, $success, 'a push';
finds('a quarantine that nobody empties', ['warning', qr/^open quarantine entries: 10001/, qr/callresultctl quarantine list/],
	broken => []);

my ($early, $month) = (strftime('%Y-%m-15 12:00:00', gmtime time + 100 * 86_400), strftime('%Ym%m', gmtime time + 100 * 86_400));
is $worker->push_body(body(record(called => 'early', callTimeStr => $early)))->{body}, $success, 'a call to come';
ok wait_for(sub { grep { $_->{what} =~ /future months that contain calls: \d, for example call_result_y$month/ } @{ findings($worker->{config}) } }, 60),
    'calls in the future: found';

# a wrong call_timezone shows so within hours
$postgres->sql(q{delete from callresult.call_result where called = 'early'});
finds('calls after their arrival', ['warning', qr/^calls of the last day dated after their arrival: 3, by up to 2 h /, qr/call_timezone/],
	broken => [q{insert into callresult.call_result (campaign_id, called, call_time_local, call_time, call_status, push_id, received_at)
		select 'ahead', n::text, now() at time zone 'UTC', now() + n * interval '1 hour', 5, gen_random_uuid(), now()
		from generate_series(0, 2) n union all
		select 'ahead', '3', now() at time zone 'UTC', now() + interval '10 minutes', 5, gen_random_uuid(), now()}],
	mended => [q{delete from callresult.call_result where campaign_id = 'ahead'}]);

subtest 'a tokens file that callresultd refuses' => sub {
	for my $line ('no colon', 'name:two words', "name:\0") {
		write_file("$worker->{base}.bad", "good:0123456789abcdefghijklm\n$line\n");
		my $other = Rig::Worker->configured(postgres => $postgres, auth => { tokens => "$worker->{base}.bad" });
		my ($bad) = grep { $_->{what} =~ /\.bad, line 2: callresultd rejects this line$/ } @{ findings($other->{config}) };
		is $bad->{severity}, 'FAULT', 'is found';
		is_deeply [grep { $_->{what} =~ /contains tokens/ } @{ findings($other->{config}) }], [], 'and not said to be fine';
	}
};

subtest 'files that cannot be read' => sub {
	my $other = Rig::Worker->configured(postgres => $postgres, auth => { tokens => "$worker->{base}.none" },
		spool => { path => write_file("$worker->{base}.no-spool", 'x' x 8192) });
	my ($json, $run) = ctl_json('-c', $other->{config}, 'doctor', '--json');
	my %found = map { ($_->{what} => $_->{severity}) } @{ $json->{findings} };
	is $found{"callresultd cannot read $worker->{base}.none: No such file or directory"}, 'FAULT', 'tokens, with the reason';
	is $found{"the spool $worker->{base}.no-spool cannot be read: file is not a database"}, 'FAULT', 'a spool, with the reason';
	is $run->{err}, '', 'and each is said once';
};

subtest "root sees what the service's user sees" => sub {
	plan skip_all => 'only root can' if $> != 0;
	my $folder = folder() . '/service';
	mkdir $folder or die;
	chown((getpwnam 'postgres')[2, 3], $folder) or die;
	my $tokens = write_file("$worker->{base}.own-tokens", "platform:0123456789abcdefghijklm\n");
	my $other = Rig::Worker->configured(postgres => $postgres, auth => { tokens => $tokens }, spool => { path => "$folder/spool.db" },
		database => { conninfo => "host=$postgres->{folder} dbname=callresult" });
	my $look = sub { my ($what) = @_; return (grep { $_->{what} =~ $what } @{ findings($other->{config}) })[0] };
	is $look->(qr/checks files and database as postgres, the owner of the spool/)->{severity}, 'ok', 'the owner of the spool';
	is $look->(qr/database can be reached/)->{severity}, 'ok', 'whose role has his name';
	is $look->(qr/has no access/), undef, 'files he may read';
	chmod 0600, $tokens;
	my $finding = $look->(qr/^callresultd has no access to \Q$tokens/);
	is $finding->{severity}, 'FAULT', 'a tokens file that is root\'s alone';
	like $finding->{cure}, qr/^chgrp callresultd/, 'with the cure';
	chmod 0600, $other->{config};
	is $look->(qr/^callresultd cannot read \Q$other->{config}/)->{severity}, 'FAULT', 'and such a configuration';
};

subtest 'why there is no connection' => sub {
	my $folder = $postgres->{folder};
	my %cures = (
		'host=127.0.0.1 port=' . free_port()           => qr/nothing listens at this address/,
		'host=/nonexistent'                             => qr/no server has its socket in this folder/,
		'host=no-such-host.invalid'                     => qr/correct the host in conninfo, or repair name resolution/,
		"host=$folder user=nobody_such dbname=postgres" => qr/^create role ROLE/,
		"host=$folder user=postgres dbname=no_such"     => qr/^createdb NAME/,
		"host=$folder user=closed dbname=callresult"    => qr/^alter role ROLE login/,
		"host=$folder user=full dbname=callresult"      => qr/connection limit of the role/,
	);
	$postgres->sql('create role closed');
	$postgres->sql('create role full login connection limit 0');
	for my $conninfo (sort keys %cures) {
		my $other = Rig::Worker->configured(postgres => $postgres, database => { conninfo => $conninfo });
		my ($finding) = grep { $_->{what} =~ /^callresultd cannot connect/ } @{ findings($other->{config}) };
		like $finding->{cure}, $cures{$conninfo}, "$conninfo: the cure is that of the trouble" or diag $finding->{what};
	}
};

# two writers, the replay and the housekeeper
subtest 'connections for all who store' => sub {
	$postgres->sql('create role few login connection limit 3 in role callresult_writer');
	my $other = Rig::Worker->configured(postgres => $postgres,
		database => { conninfo => "host=$postgres->{folder} user=few dbname=callresult" });
	my ($finding) = grep { $_->{what} =~ /^the role is allowed/ } @{ findings($other->{config}) };
	is $finding->{severity}, 'warning', 'one too few is found, and no fault, since they share the others';
	like $finding->{why}, qr/share those there are/, 'as it says';
	like $finding->{what}, qr/3 connections, but callresultd wants 4$/, 'and how many it wants';
	$postgres->sql('alter role few connection limit 0');
	$other = Rig::Worker->configured(postgres => $postgres,
		database => { conninfo => "host=$postgres->{folder} user=postgres dbname=callresult" });
	$postgres->sql('alter database callresult connection limit 0');
	($finding) = grep { $_->{what} =~ /^the database allows 0 connections/ } @{ findings($other->{config}) };
	$postgres->sql('alter database callresult connection limit -1');
	is $finding->{severity}, 'FAULT', 'none at all is a fault';
};

subtest 'a worker that has lost what doctor finds' => sub {
	$postgres->sql('alter role worker connection limit 0');
	$postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'});
	ok wait_for(sub { $worker->request('GET', '/-/metrics')->{body} =~ /^callresultd_database_up 0$/m }), 'it has no connection';
	my $other = Rig::Worker->configured(postgres => $postgres, server => { listen => $worker->{listen} },
		database => { conninfo => $postgres->conninfo =~ s/user=\S+/user=postgres/r });
	my ($finding) = grep { $_->{what} =~ /can be reached, but callresultd has no connection/ } @{ findings($other->{config}) };
	is $finding->{severity}, 'FAULT', 'is found';
};
is $worker->stop, 0, 'the worker ends well';
done_testing;
