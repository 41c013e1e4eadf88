#!/usr/bin/perl
# The house: each room of src/ includes headers of its own and of the rooms below it, never of those above.
use strict;
use warnings;
use Test::More;
use Rig qw(source read_file);

# from the top down; what stands in src/ itself is the top floor, and metrics and base are the ground
my @rooms = qw(ctl top front store db spool push metrics base);
my %floor = map { $rooms[$_] => $_ } 0 .. $#rooms;

sub room_of { my ($file) = @_; return $file =~ m{^(\w+)/} ? $1 : 'top' }

my $count = 0;
for my $path (glob join ' ', map { source() . "/src$_" } qw(/*.[ch] /*/*.[ch] /*/*.def)) {
	my ($file) = $path =~ m{/src/(.*)};
	my @includes = read_file($path) =~ /^#include "([^"]+)"/mg;
	my @up = grep { ($floor{room_of($_)} // -1) < $floor{room_of($file)} } @includes;
	is_deeply \@up, [], "$file includes nothing from above" if @up;
	$count += @includes;
}
cmp_ok $count, '>', 100, 'the includes are found';
done_testing;
