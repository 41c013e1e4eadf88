#!/usr/bin/perl
# The reports, the tally, retention and the roles: the pgTAP tests of tests/sql in a database of their own.
use strict;
use warnings;
use Test::More;
use Rig qw(source);
use Rig::Postgres;

# what is installed at the end of a month lacks one that is looked for in the next
sleep 1 while (gmtime(time + 300))[4] != (gmtime)[4];
my $postgres = Rig::Postgres->start_new(settings => { wal_level => 'logical' });
my @files = sort glob source() . '/tests/sql/[0-9]*.sql';
cmp_ok scalar @files, '>', 0, 'there are tests';
for my $file (@files) {
	my ($name) = $file =~ m{([^/]+)$};
	my $output = qx{pg_prove --verbose -h $postgres->{folder} -U postgres -d callresult $file 2>&1};
	is $?, 0, $name or diag $output;
}
done_testing;
