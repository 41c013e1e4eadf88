# Which lines there are: the work of each, who does it, and the ratios that judge it.
package Bench::Lines;

use strict;
use warnings;
use Exporter qw(import);
use Bench::Contender qw(callresultd front_end database);
use Bench::Line;

our @EXPORT_OK = qw(line_names make_line @ratios);

my %sizes = (one => 1, ten => 10, hundred => 100, thousand => 1000);

# The best of them counts: more threads than these serve worse.
my @front_ends = ([ 'own', 4 ], [ 'own', 16 ], [ 'libfcgi', 64 ]);
my @database_connections = (1, 2, 4);

sub front_ends {
	my ($load) = @_;
	return map {
		{ name => 'front end', variant => "$_->[0], $_->[1] threads", run => front_end(@$_), load => $load }
	} @front_ends;
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
	my @contenders = (callresultds($set_up, $load), front_ends($load));
	push @contenders, commit_of_one($set_up, 'commit of one', plain => 1), commit_of_one($set_up, 'own commit of one')
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

my @order = ((map { my $size = $_; map { "$size-$_" } 1, 16, 64 } qw(one ten hundred thousand)), 'database');

sub line_names { return @order }

sub make_line {
	my ($set_up, $name) = @_;
	return Bench::Line->new($name, $lines{$name}->($set_up));
}

# --- what is asked of them -----------------------------------------------------------------------------------------

sub rate { return Bench::Line::rate($_[0]) }
sub cpu  { my ($figures, $process) = @_; return $figures->{cpu}{$process} / $figures->{records} * 1e6 }

our @ratios = (
	{ line => 'one-64', text => 'pushes/s against the front end', at_least => 0.70,
		code => sub { rate($_[0]{callresultd}) / rate($_[0]{'front end'}) } },
	{ line => 'one-64', text => 'answer time: p99 against p50', at_most => 3,
		code => sub { $_[0]{callresultd}{p99} / $_[0]{callresultd}{p50} } },
	{ line => 'one-1', text => 'answer time without the front end\'s, against a bare commit of one record', at_most => 1.5,
		code => sub { ($_[0]{callresultd}{p50} - $_[0]{'front end'}{p50}) / $_[0]{'commit of one'}{p50} } },
	{ line => 'hundred-16', text => 'records/s against the database limit', at_least => 0.85,
		code => sub { rate($_[0]{callresultd}) / rate($_[0]{'database limit'}) } },
	{ line => 'hundred-16', text => 'worker: microseconds of processor time a record', at_most => 12,
		code => sub { cpu($_[0]{callresultd}, 'worker') } },
	{ line => 'hundred-16', text => 'worker\'s processor time against PostgreSQL\'s', at_most => 0.2,
		code => sub { cpu($_[0]{callresultd}, 'worker') / cpu($_[0]{callresultd}, 'PostgreSQL') } },
	{ line => 'hundred-64', text => 'worker\'s peak of resident memory, MB', at_most => 32,
		code => sub { $_[0]{callresultd}{memory}{peak} / 1024 / 1024 } },
	{ line => 'database', text => 'database limit against the plain-table limit', at_least => 0.70,
		code => sub { rate($_[0]{'database limit'}) / rate($_[0]{'plain-table limit'}) } },
);

1;
