#!/usr/bin/perl
# The house: each room of src/ includes headers of its own and of the rooms below it, never of those above; its files call
# each other in no circle; one file includes a library's header; and no line is wider than 120 columns.
use strict;
use warnings;
use Test::More;
use Text::Tabs qw(expand);
use Rig qw(source read_file);

# from the top down; what stands in src/ itself is the top floor, and metrics and base are the ground
my @rooms = qw(ctl top front store db spool push metrics base);
my %floor = map { $rooms[$_] => $_ } 0 .. $#rooms;

sub room_of { my ($file) = @_; return $file =~ m{^(\w+)/} ? $1 : 'top' }

my $count = 0;
my %users;
for my $path (glob join ' ', map { source() . "/src$_" } qw(/*.[ch] /*/*.[ch] /*/*.def)) {
	my ($file) = $path =~ m{/src/(.*)};
	my @includes = read_file($path) =~ /^#include "([^"]+)"/mg;
	my @up = grep { ($floor{room_of($_)} // -1) < $floor{room_of($file)} } @includes;
	is_deeply \@up, [], "$file includes nothing from above" if @up;
	$count += @includes;
	my %libraries = map { $_ => 1 }
	    read_file($path) =~ m{^#include <(curl|fcgi|ini\.h|libpq|openssl|sqlite|systemd|uni(?!std))[^>]*>}mg;
	push @{ $users{$_} }, $file for keys %libraries;
}
cmp_ok $count, '>', 100, 'the includes are found';
is_deeply [map { "$_: @{ $users{$_} }" } grep { @{ $users{$_} } > 1 } sort keys %users], [], 'a library has one user';
cmp_ok scalar(keys %users), '>=', 8, 'the libraries are found';

# nor do files know each other in a circle: each but the lowest calls functions of lower ones alone
my (%text, %defined_in, %calls);
for my $path (glob join ' ', map { source() . "/src$_" } qw(/*.c /*/*.c)) {
	my ($file) = $path =~ m{/src/(.*)};
	$text{$file} = read_file($path) =~ s{/\*.*?\*/|"(?:[^"\\]|\\.)*"|\b(?:struct|enum) \w+}{}gsr;
	while ($text{$file} =~ /^([\w *]+)\n(\w+)\(/mg) {
		$defined_in{$2} = $file if $1 !~ /\bstatic\b/;
	}
}
for my $file (keys %text) {
	$calls{$file}{$_} = 1 for grep { $_ ne $file } map { $defined_in{$_} // () } $text{$file} =~ /\b\w+\b/g;
}
cmp_ok scalar(keys %defined_in), '>', 300, 'the functions are found';
sub is_in_circle {
	my ($file) = @_;
	return grep({ $calls{$_} } keys %{ $calls{$file} }) && grep { $calls{$_}{$file} } keys %calls;
}
while (my @free = grep { !is_in_circle($_) } keys %calls) {
	delete @calls{@free};
}
is join(' ', sort keys %calls), '', 'no files call each other in a circle';

# a tab is eight columns wide
my @places = qw(src/*.[ch] src/*/*.[ch] src/*/*.def sql/*.sql sql/*/*.sql tests/unit/*.[ch] tests/fuzz/*.[ch]
    Makefile.am tests/shim/*.c bench/*.c check quickstart .ci/run scripts/* tests/fuzz/run);
for my $path (split /\n/, qx{cd @{[source()]} && ls @places}) {
	my $text = read_file(source() . "/$path");
	utf8::decode($text);
	my @wide = grep { length expand($_) > 120 } split /\n/, $text;
	is_deeply \@wide, [], "$path has no line of more than 120 columns" if @wide;
}
done_testing;
