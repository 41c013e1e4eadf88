# Which lines there are: the work of each, who does it, and the ratios that judge it.
package Bench::Lines;

use strict;
use warnings;
use Exporter qw(import);
use Bench::Contender qw(callresultd callresultd_for_minutes front_end database);
use Bench::Large qw(large_database);
use Bench::Line;
use Bench::Spool qw(outage);

our @EXPORT_OK = qw(line_names usual_line_names make_line front_ends rate @ratios);

my %sizes = (one => 1, ten => 10, hundred => 100, thousand => 1000);

# The best of them counts: other numbers of threads and connections do worse.
my @front_ends = ([ 'own', 4 ], [ 'own', 16 ], [ 'libfcgi', 64 ]);
my @database_connections = (1, 2, 4);

# libfcgi's own way, which does worst, takes part only where the front end's limit is what counts.
sub front_ends {
	my ($load, $counts) = @_;
	return map {
		{ name => 'front end', variant => "$_->[0], $_->[1] threads", run => front_end(@$_), load => $load }
	} grep { $_->[0] eq 'own' || $counts } @front_ends;
}

sub databases {
	my ($set_up, $load, $name, %how) = @_;
	return map {
		{ name => $name, variant => $_ == 1 ? '1 connection' : "$_ connections",
			run => database($set_up->{postgres}, %how, connections => $_), load => $load }
	} @database_connections;
}

# callresultd as it is shipped or set, and what is to be measured beside it.
sub callresultds {
	my ($set_up, $load) = @_;
	return map {
		{ name => $_->{name}, run => callresultd($_->{postgres}, $_->{settings}, tree => $_->{tree}), load => $load }
	} @{ $set_up->{workers} };
}

sub commit_of_one {
	my ($set_up, $name, %how) = @_;
	return { name => $name, load => { records => 1 },
		run => database($set_up->{postgres}, %how, connections => 1, records => 1) };
}

sub make_shape {
	my ($set_up, $size, $connections) = @_;
	my $load = { records => $sizes{$size}, connections => $connections };
	my @contenders = (callresultds($set_up, $load), front_ends($load, "$size-$connections" eq 'one-64'));
	push @contenders, commit_of_one($set_up, 'commit of one', plain => 1), commit_of_one($set_up, 'commit of one by store()')
	    if "$size-$connections" eq 'one-1';
	push @contenders, databases($set_up, $load, 'database limit') if "$size-$connections" eq 'hundred-16';
	return @contenders;
}

my %lines;
for my $size (keys %sizes) {
	for my $connections (1, 16, 64) {
		$lines{"$size-$connections"} = sub { make_shape($_[0], $size, $connections) };
	}
}

$lines{database} = sub {
	my ($set_up) = @_;
	my $load = { records => 100 };
	return (databases($set_up, $load, 'database limit'), databases($set_up, $load, 'plain-table limit', plain => 1));
};

# Records that came before, here and there in every push: the database has to find them.
for my $percent (1, 50) {
	$lines{"again-$percent"} = sub {
		my ($set_up) = @_;
		my $load = { records => 100, connections => 16, duplicates => $percent };
		return (callresultds($set_up, $load), databases($set_up, $load, 'database limit'));
	};
}

# Pushes that the platform repeats at once, every one of them.
for my $size (qw(one hundred)) {
	$lines{"twice-$size"} = sub {
		my ($set_up) = @_;
		my $load = { records => $sizes{$size}, connections => $size eq 'one' ? 64 : 16 };
		my ($postgres, $settings) = @{ $set_up->{workers}[0] }{qw(postgres settings)};
		return (callresultds($set_up, { %$load, times => 2 }),
			{ name => 'each push once', run => callresultd($postgres, $settings), load => $load });
	};
}

# fill: how many times as long the spool is filled as live pushes are measured, so that it lasts for them.
my %usual = (one => { records => 1, connections => 64, fill => 6 }, hundred => { records => 100, connections => 16, fill => 2 });

for my $size (keys %usual) {
	$lines{"replay-$size"} = sub {
		my ($set_up) = @_;
		my ($postgres, $settings) = @{ $set_up->{workers}[0] }{qw(postgres settings)};
		return ({ name => 'callresultd', run => callresultd($postgres, $settings), load => $usual{$size} },
			{ name => 'outage', run => outage($postgres, $settings, 0), load => $usual{$size} },
			{ name => 'outage, and live', run => outage($postgres, $settings, 1), load => $usual{$size} });
	};
	$lines{"large-$size"} = sub {
		my ($set_up) = @_;
		my $settings = $set_up->{workers}[0]{settings};
		my $large = $set_up->{large} //= large_database(rows => $set_up->{rows}, said => $set_up->{said},
			settings => $set_up->{postgres}{settings});
		return ({ name => 'callresultd', run => callresultd($set_up->{postgres}, $settings), load => $usual{$size} },
			{ name => 'callresultd, large table', run => callresultd($large, $settings, keep_rows => 1),
				load => $usual{$size} });
	};
}

# While a consumer of the feed waits for all that comes.
sub followed {
	my ($postgres, $settings) = @_;
	return sub {
		$postgres->sql(q{select callresult.feed_add('bench')});
		my $figures = callresultd($postgres, $settings)->(@_);
		$postgres->sql(q{select callresult.feed_drop('bench')});
		return $figures;
	};
}

for my $size (keys %usual) {
	$lines{"feed-$size"} = sub {
		my ($set_up) = @_;
		my ($postgres, $settings) = @{ $set_up->{workers}[0] }{qw(postgres settings)};
		return ({ name => 'callresultd', run => callresultd($postgres, $settings), load => $usual{$size} },
			{ name => 'followed', run => followed($postgres, $settings), load => $usual{$size} });
	};
}

$lines{minutes} = sub {
	my ($set_up) = @_;
	return { name => 'callresultd', load => { records => 100, connections => 64 },
		run => callresultd_for_minutes(@{ $set_up->{workers}[0] }{qw(postgres settings)}, $set_up->{minutes}) };
};

my @usual_lines = ((map { my $size = $_; map { "$size-$_" } 1, 16, 64 } qw(one ten hundred thousand)), 'database',
	'again-1', 'again-50', 'twice-one', 'twice-hundred', 'feed-one', 'feed-hundred', 'replay-one', 'replay-hundred');
my @long_lines = ('large-one', 'large-hundred', 'minutes');

sub line_names { return (@usual_lines, @long_lines) }
sub usual_line_names { return @usual_lines }

sub make_line {
	my ($set_up, $name) = @_;
	return Bench::Line->new($name, $lines{$name}->($set_up));
}

# --- what is asked of them -----------------------------------------------------------------------------------------

sub rate { return Bench::Line::rate($_[0]) }
sub cpu  { my ($figures, $process) = @_; return $figures->{cpu}{$process} / $figures->{records} * 1e6 }

our @ratios = (
	{ line => 'one-64', text => 'pushes/s against the front end', at_least => 0.65,
		code => sub { rate($_[0]{callresultd}) / rate($_[0]{'front end'}) } },
	{ line => 'one-64', text => 'answer time: p99 against p50', at_most => 3,
		code => sub { $_[0]{callresultd}{p99} / $_[0]{callresultd}{p50} } },
	{ line => 'one-1', text => 'answer time without the front end\'s, against a bare commit of one record',
		code => sub { ($_[0]{callresultd}{p50} - $_[0]{'front end'}{p50}) / $_[0]{'commit of one'}{p50} } },
	{ line => 'hundred-16', text => 'records/s against the database limit',
		code => sub { rate($_[0]{callresultd}) / rate($_[0]{'database limit'}) } },
	{ line => 'hundred-16', text => 'worker: microseconds of processor time a record', at_most => 3,
		code => sub { cpu($_[0]{callresultd}, 'worker') } },
	{ line => 'hundred-64', text => 'worker\'s peak of resident memory, MB', at_most => 32,
		code => sub { $_[0]{callresultd}{memory}{peak} / 1024 / 1024 } },
	{ line => 'database', text => 'database limit against the plain-table limit',
		code => sub { rate($_[0]{'database limit'}) / rate($_[0]{'plain-table limit'}) } },
	map({ (
		{ line => "again-$_", text => "$_ % of the records came before: records/s against the database limit",
			code => sub { rate($_[0]{callresultd}) / rate($_[0]{'database limit'}) } },
	) } 1, 50),
	map({
		{ line => "twice-$_", text => 'every push twice: pushes/s against each once',
			code => sub { rate($_[0]{callresultd}) / rate($_[0]{'each push once'}) } }
	} qw(one hundred)),
	map({
		{ line => "feed-$_", text => 'records/s while a consumer follows, against without', at_least => 0.97,
			code => sub { rate($_[0]{followed}) / rate($_[0]{callresultd}) } }
	} qw(one hundred)),
	map({ (
		{ line => "replay-$_", text => 'records/s into the spool, against live',
			code => sub { rate($_[0]{'into the spool'}) / rate($_[0]{callresultd}) } },
		{ line => "replay-$_", text => 'records/s out of the spool, against live', at_least => 0.5,
			code => sub { rate($_[0]{'out of the spool'}) / rate($_[0]{callresultd}) } },
		{ line => "replay-$_", text => 'records/s out of the spool beside live pushes, against live alone',
			code => sub { rate($_[0]{'replay, beside live'}) / rate($_[0]{callresultd}) } },
		{ line => "replay-$_", text => 'answer time p99 during the replay, against without', at_most => 2,
			code => sub { $_[0]{'live, beside the replay'}{p99} / $_[0]{callresultd}{p99} } },
	) } qw(one hundred)),
	map({ { line => "large-$_", text => 'records/s into the large table, against an empty one', at_least => 0.9,
		code => sub { rate($_[0]{'callresultd, large table'}) / rate($_[0]{callresultd}) } } } qw(one hundred)),
	{ line => 'minutes', text => 'worker\'s resident memory in the last minute, against the second', at_most => 1.05,
		code => sub { $_[0]{callresultd}{memory}{late} / $_[0]{callresultd}{memory}{early} } },
	{ line => 'minutes', text => 'worker\'s peak of resident memory, MB', at_most => 32,
		code => sub { $_[0]{callresultd}{memory}{peak} / 1024 / 1024 } },
);

1;
