# A line: contenders that are measured against each other, in turns, round after round, and what came of it.
#
# A contender: name; variant, where there are several ways to be it and the best counts; run, code that takes the load
# and gives figures (Bench::Contender), or several by their names; load.  Rounds begin with another contender each, so
# that none always follows another.
package Bench::Line;

use strict;
use warnings;
use List::Util qw(first uniq);

sub new {
	my ($class, $name, @contenders) = @_;
	return bless { name => $name, contenders => \@contenders }, $class;
}

sub title { my ($contender) = @_; return join ', ', grep { defined } $contender->{name}, $contender->{variant} }

# $said is called with each contender's title before its run.
sub measure {
	my ($self, $rounds, $seconds, $said) = @_;
	my @contenders = @{ $self->{contenders} };
	for my $round (0 .. $rounds - 1) {
		for my $turn (0 .. $#contenders) {
			my $contender = $contenders[($turn + $round) % @contenders];
			$said->(sprintf '%s, round %d: %s', $self->{name}, $round + 1, title($contender));
			$self->note($contender, $round,
			    $contender->{run}->({ seconds => $seconds, %{ $contender->{load} } }));
		}
	}
	return;
}

sub note {
	my ($self, $contender, $round, @figures) = @_;
	if (@figures == 1) {
		$contender->{rounds}[$round] = $figures[0];
		return;
	}
	my %figures = @figures;
	for my $name (sort keys %figures) {
		my $part = first { $_->{name} eq $name } @{ $self->{parts} };
		push @{ $self->{parts} }, $part = { name => $name } if !$part;
		$part->{rounds}[$round] = $figures{$name};
	}
	return;
}

sub median {
	my @sorted = sort { $a <=> $b } grep { defined } @_;
	return undef if !@sorted;
	my $middle = int @sorted / 2;
	return @sorted % 2 ? $sorted[$middle] : ($sorted[$middle - 1] + $sorted[$middle]) / 2;
}

sub rate { my ($figures) = @_; return $figures->{records} / $figures->{seconds} }

# Of each name the variant that is best by its median.
sub best {
	my ($self) = @_;
	my @best;
	my @all = grep { $_->{rounds} } @{ $self->{contenders} }, @{ $self->{parts} // [] };
	for my $name (uniq map { $_->{name} } @all) {
		my @variants = grep { $_->{name} eq $name } @all;
		push @best, (sort { median(map { rate($_) } @{ $b->{rounds} }) <=> median(map {
		    rate($_) } @{ $a->{rounds} }) }
			@variants)[0];
	}
	return @best;
}

# The median, over the rounds, of what the code makes of a round: { contender's name => its figures }.
sub median_of {
	my ($self, $code) = @_;
	my @best = $self->best;
	my @values = map {
		my $round = $_;
		$code->({ map { $_->{name} => $_->{rounds}[$round] } @best })
	} 0 .. $#{ $best[0]{rounds} };
	return median(@values);
}

1;
