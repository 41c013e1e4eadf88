# The tables: what each contender did, and the ratios with what they should be.
package Bench::Report;

use strict;
use warnings;
use Exporter qw(import);
use List::Util qw(max);
use POSIX qw(strftime);
use Bench::Line;
use Rig qw(read_file);

our @EXPORT_OK = qw(print_machine print_figures print_ratios);

# head, width, what a run's figures say
my @columns = (
	[ 'pushes/s',   9, '%.0f', sub { $_[0]{pushes} / $_[0]{seconds} } ],
	[ 'records/s',  9, '%.0f', sub { Bench::Line::rate($_[0]) } ],
	[ 'p50 ms',     8, '%.2f', sub { defined $_[0]{p50} ? $_[0]{p50} * 1000 : undef } ],
	[ 'p99 ms',     8, '%.2f', sub { defined $_[0]{p99} ? $_[0]{p99} * 1000 : undef } ],
	map({ my $name = $_; [ $name, length $name < 6 ? 6 : length $name, '%.1f',
		sub { defined $_[0]{cpu}{$name} ? $_[0]{cpu}{$name} / $_[0]{records} * 1e6 : undef } ]
	} qw(nginx worker PostgreSQL sender)),
	map({ my $name = $_; [ $name, length $name < 6 ? 6 : length $name, '%.1f',
		sub { defined $_[0]{memory}{$name} ? $_[0]{memory}{$name} / 1024 / 1024 : undef } ]
	} qw(nginx worker peak PostgreSQL)),
);

my ($line_width, $name_width) = (14, 32);    # the latter grows with the names

sub print_machine {
	my ($postgres) = @_;
	chomp(my $processors = `nproc`);
	my ($model) = read_file('/proc/cpuinfo') =~ /^model name\s*:\s*(.*)/m;
	my ($nginx) = `/usr/sbin/nginx -v 2>&1` =~ m{nginx/(\S+)};
	printf "%s, %d processors (%s), nginx %s, PostgreSQL %s: %s\n", strftime('%Y-%m-%d', gmtime), $processors,
	    $model // 'of a kind that is not told', $nginx,
	    $postgres->sql('show server_version') =~ /^(\S+)/, join ', ',
	    map { "$_ " . $postgres->sql("show $_") } qw(fsync synchronous_commit full_page_writes shared_buffers);
	return;
}

sub cell {
	my ($width, $format, $value) = @_;
	return sprintf " %*s", $width, defined $value ? sprintf($format, $value) : '-';
}

sub print_head {
	my $cpu = join '', map { ' ' x ($_->[1] + 1) } @columns[4 .. 7];
	printf "%-*s %-*s%s%-*s%s\n", $line_width, '', $name_width, '', ' ' x 38, length $cpu,
	    ' | CPU, microseconds a record', ' | resident, MB';
	printf "%-*s %-*s%s\n", $line_width, 'line', $name_width, 'who', join '', map { sprintf ' %*s', $_->[1], $_->[0] } @columns;
	return;
}

sub print_figures {
	my (@lines) = @_;
	$name_width = max($name_width, map { map { length Bench::Line::title($_) } $_->best } @lines);
	print_head();
	for my $line (@lines) {
		for my $contender ($line->best) {
			printf "%-*s %-*s%s\n", $line_width, $line->{name}, $name_width, Bench::Line::title($contender),
			    join '', map {
				my ($head, $width, $format, $code) = @$_;
				cell($width, $format, Bench::Line::median(map { $code->($_) } @{ $contender->{rounds} }))
			} @columns;
		}
	}
	return;
}

# Each ratio: line, text, at_least or at_most, code that makes it of a round's figures.
sub print_ratios {
	my ($ratios, @lines) = @_;
	my %line = map { $_->{name} => $_ } @lines;
	printf "\n%-*s %-78s %10s %9s\n", $line_width, 'line', 'ratio (median of the rounds)', 'target', 'measured';
	for my $ratio (grep { $line{ $_->{line} } } @$ratios) {
		my $value = $line{ $ratio->{line} }->median_of($ratio->{code}) // next;
		my $least = exists $ratio->{at_least};
		my $target = $least ? $ratio->{at_least} : $ratio->{at_most};
		my $met = !defined $target ? '' : ($least ? $value >= $target : $value <= $target) ? 'met' : 'not met';
		printf "%-*s %-78s %10s %9.2f  %s\n", $line_width, $ratio->{line}, $ratio->{text},
		    defined $target ? sprintf('%s %.2f', $least ? '>=' : '<=', $target) : '-', $value, $met;
	}
	return;
}

1;
