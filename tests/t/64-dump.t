#!/usr/bin/perl
# Dump and restore, by the steps of BACKUP in callresultd(8), into the server under test: where that has no pg_dump of its
# own (tests/versions), out of Debian's, which makes it an upgrade.
use strict;
use warnings;
use Test::More;
use Rig qw(folder source run_command read_file);
use Rig::Postgres;
use Rig::Push qw(record body);
use Rig::Worker;

my $first = Rig::Postgres->start_new(bin => Rig::Postgres::dumped_bin());
my $second = Rig::Postgres->start_new(schema => 0);
note "from $_" for $first->sql('show server_version') . ' to ' . $second->sql('show server_version');

# Months, a time that is missing, repeats, other content, and a bad record.
my @pushes = (
	(map { my $month = $_; [map { record(called => "$month-$_", callTimeStr => sprintf '2026-%02d-10 1%d:00:00', $month, $_ % 10) } 1 .. 50] }
		9 .. 12),
	[record(called => '9-1', callTimeStr => '2026-09-10 11:00:00', failCode => '537', callStatus => 5)],
	[record(called => 'no-time', callTimeStr => undef), { called => 'bad' }],
);

sub push_all {
	my ($worker, $name) = @_;
	is_deeply [grep { $_ != 200 } map { $worker->push_body(body(@$_))->{status} } @pushes], [], "$name: every push is acknowledged";
	return;
}

my @rows = qw(call_result call_result_revision push quarantine calls campaign_summary campaign_hourly failure_breakdown
	redial_candidates delivery_health);
my @rest = qw(failure_code schema_version);

# Everything that was stored, as text that does not depend on the order of rows.
sub content {
	my ($postgres, $database, @tables) = @_;
	return join "\n", map { $postgres->sql("select '$_', count(*), md5(string_agg(to_jsonb(t)::text, ',' order by to_jsonb(t)::text))
		from callresult.$_ t", $database) } @tables;
}

sub psql {
	my ($postgres, $database, @more) = @_;
	return run_command('psql', '-X', '-q', '-h', $postgres->{folder}, '-U', 'postgres', '-d', $database, @more);
}

sub dump_to {
	my ($name, @options) = @_;
	my $file = folder() . "/$name.sql";
	run_command(Rig::Postgres::client('pg_dump'), '-h', $first->{folder}, '-U', 'postgres', '-f', $file,
		map({ tr/'//dr } @options), 'callresult');
	return $file;
}

my $worker = Rig::Worker->start_new(postgres => $first)->wait_until_ready;
push_all($worker, 'at first');
is $worker->stop, 0, 'the worker ends well';

subtest 'a whole dump' => sub {
	$second->sql('create database whole', 'postgres');
	my $output = psql($second, 'whole', '-o', '/dev/null', '-f', dump_to('whole'));
	is join("\n", grep { !/role "callresult_\w+" does not exist/ } split /\n/, $output), '', 'nothing is missing but the roles';
	psql($second, 'whole', '-f', source() . '/sql/install.sql');
	is content($second, 'whole', @rows, @rest), content($first, 'callresult', @rows, @rest), 'every row and every figure is there';
	is $second->sql('select * from callresult.check_tally()', 'whole'), '', 'the tally agrees with the results';
	$second->sql('create role worker login in role callresult_writer', 'postgres');
	my $other = Rig::Worker->start_new(database => { conninfo => "host=$second->{folder} user=worker dbname=whole" })->wait_until_ready;
	push_all($other, 'restored');
	is $other->push_body(body(record(called => 'new')))->{status}, 200, 'restored: a new one too';
	is $second->sql('select sum(inserted), sum(updated), sum(duplicates), sum(quarantined) from callresult.push', 'whole'),
	    '202|3|200|2', 'what came again is known';
	is $second->sql('select * from callresult.check_tally()', 'whole'), '', 'what came then is counted';
	is $other->stop, 0, 'the worker ends well';
};

# Without the schema there is nothing that says where it stands.
subtest 'a dump of the schema alone' => sub {
	$second->sql('create database schema_only', 'postgres');
	psql($second, 'schema_only', '-o', '/dev/null', '-f', dump_to('schema', '--schema-only'));
	my $output = eval { psql($second, 'schema_only', '-f', source() . '/sql/install.sql') } // $@;
	like $output, qr/restored without its data.*Drop it \(drop schema callresult cascade\)/s, 'is refused, and what to do is said';
	psql($second, 'schema_only', '-c', 'drop schema callresult cascade');
	psql($second, 'schema_only', '-f', source() . '/sql/install.sql');
	is $second->sql('select count(*) from callresult.calls', 'schema_only'), 0, 'that helps';
};

# As the manual has it: what install.sql makes and what is counted is left out, and rows find their months anew.
subtest 'a dump of the data alone' => sub {
	my $manual = read_file(source() . '/man/callresultd.8');
	my ($options) = $manual =~ /pg_dump (--data-only .*?) callresult >/s or die 'the manual has no such dump';
	$second->sql('create database data_only', 'postgres');
	psql($second, 'data_only', '-f', source() . '/sql/install.sql');
	psql($second, 'data_only', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-f',
		dump_to('data', $options =~ /(--[\w-]+(?:='[^']*')?)/g));
	is content($second, 'data_only', @rows), content($first, 'callresult', @rows), 'every row and every figure is there';
	is $second->sql('select * from callresult.check_tally()', 'data_only'), '', 'the tally agrees with the results';
	$second->sql('select callresult.keep_house() from generate_series(1, 50)', 'data_only');
	is $second->sql(q{select count(*) from callresult.call_result_default where call_time_local is not null}, 'data_only'), 0,
	    'every result is in its month';
	is $second->sql('select * from callresult.check_tally()', 'data_only'), '', 'and still counted once';
	my $other = Rig::Worker->start_new(database => { conninfo => "host=$second->{folder} user=worker dbname=data_only" })->wait_until_ready;
	push_all($other, 'data alone');
	is $second->sql('select sum(inserted), sum(updated), sum(duplicates) from callresult.push', 'data_only'), '201|3|200',
	    'what comes again is known';
	is $other->stop, 0, 'the worker ends well';
};

# What install.sql has made is refused, and what is counted comes twice.
subtest 'a dump of the data that leaves nothing out' => sub {
	$second->sql('create database all_data', 'postgres');
	psql($second, 'all_data', '-f', source() . '/sql/install.sql');
	psql($second, 'all_data', '-o', '/dev/null', '-f', dump_to('all', '--data-only', '--load-via-partition-root'));
	isnt $second->sql('select * from callresult.check_tally()', 'all_data'), '', 'shows in the proof of the tally';
	$second->sql('select callresult.rebuild_tally()', 'all_data');
	is content($second, 'all_data', @rows), content($first, 'callresult', @rows), 'is right when that is made anew';
	is $second->sql('select * from callresult.check_tally()', 'all_data'), '', 'and agrees with the results';
};
done_testing;
