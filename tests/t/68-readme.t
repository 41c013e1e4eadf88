#!/usr/bin/perl
# README: the commands that try an installation and look after it, run as they stand there, in order, but for what belongs to the
# machine: paths, the host, and the user that PostgreSQL runs as.
use strict;
use warnings;
use Test::More;
use Rig qw(build folder source read_file write_file);
use Rig::Nginx;
use Rig::Postgres;
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
$postgres->sql('create role callresultd login in role callresult_writer; create role alice login in role callresult_reader');
my $tokens = write_file(folder() . '/tokens', "platform:3f0a6c1d9b7e4528a1c0d4e5f6071829\n");
@ENV{qw(PGHOST PGUSER)} = ($postgres->{folder}, 'callresultd');
my $worker = Rig::Worker->start_new(auth => { tokens => $tokens }, database => { conninfo => 'dbname=callresult' })->wait_until_ready;
my $nginx = Rig::Nginx->start_new(worker => $worker);
@ENV{qw(PGUSER CALLRESULTD_CONF)} = ('root', $worker->{config});
$ENV{PATH} = build() . "/src:$ENV{PATH}";

# The commands of a section, from a text on; a line that ends with a backslash goes on.
sub commands {
	my ($from) = @_;
	my ($section) = read_file(source() . '/README.md') =~ /(\Q$from\E.*?)(?=^## )/ms or BAIL_OUT("README has no $from");
	return map { s/^    //mgr =~ s/\\\n\s*/ /gr =~ s/ {2,}#.*//r } $section =~ /^(    (?:.*\\\n)*.*)$/mg;
}

# Gives the exit status and what it says.
sub run {
	my ($command) = @_;
	my $here = folder();
	$command =~ s{https://your\.host|http://localhost}{$nginx->{url}}g;
	$command =~ s{/etc/callresultd/tokens}{$tokens};
	$command =~ s{runuser -u postgres -- psql}{psql -U postgres};
	$command =~ s{\bFILE\.\.\.}{record.json};
	$command = ':' if $command eq 'cd /tmp';
	my $output = qx{cd '$here' && ($command) 2>&1};
	return ($? >> 8, $output);
}

subtest 'the callBackUrl' => sub {
	my @commands = commands('**4. The callBackUrl**');
	is scalar @commands, 5, 'five commands';
	for (@commands) {
		my ($status, $output) = run($_);
		is $status, 0, $_ or diag $output;
		is $output, "3f0a6c1d9b7e4528a1c0d4e5f6071829\n", 'the token' if /^sed/;
		like $output, qr/\b200\b.*"success"/, 'is answered 200' if /^callresultctl push/;
		like $output, qr/60584 +\| 2020-08-30 20:00:00 \| t .*\(1 row\)/s, 'is one row' if /psql/;
	}
};

# statements end with a semicolon, commands do not
subtest 'reading the results, and what would be erased' => sub {
	my @commands = (commands('## Read the results'), commands('## Keep it, or erase it'));
	my ($report) = grep { /^callresultctl/ } @commands;
	for my $command ((grep { /^runuser/ } @commands), $report) {
		my ($status, $output) = run($command);
		is $status, 0, $command or diag $output;
	}
	like read_file(folder() . '/report.html'), qr/<svg/, 'the report is a page with pictures';
	my @statements = join("\n", grep { !/^(?:runuser|callresultctl)/ } @commands) =~ /(.+?;)$/msg;
	cmp_ok scalar @statements, '>=', 14, 'statements';
	for my $statement (@statements) {
		open my $psql, '|-', 'psql -X -q -v ON_ERROR_STOP=1 -d callresult -o /dev/null' or die;
		print $psql $statement;
		ok close $psql, $statement;
	}
};

subtest 'operating it' => sub {
	my @commands = commands('## Operate it');
	cmp_ok scalar @commands, '>=', 7, 'commands';
	for (@commands) {
		my ($status, $output) = run($_);
		# what they find in a test's set-up is not README's; that they run is
		my $finds = /^callresultctl (?:doctor|reconcile)/;
		ok $status == 0 || ($finds && $status == 1), $_ or diag "$status: $output";
		like $output, qr/"spool":true/, 'ready' if m{/-/ready};
		like $output, qr/^callresultd_database_up 1$/m, 'metrics' if m{/-/metrics};
	}
	is $postgres->sql('select count(*) from callresult.call_result'), 1, 'imported again it is one row';
};

is $worker->stop, 0, 'the worker ends well';
done_testing;
