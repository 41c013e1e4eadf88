#!/usr/bin/perl
# The documents: manual pages without a fault, and files that the build and the scripts name.
use strict;
use warnings;
use Test::More;
use Rig qw(source read_file);

for my $page (map { s{.*/}{}r } glob source() . '/man/*.[0-9]') {
	my $folder = source() . '/man';
	is qx{cd $folder && mandoc -Tlint -W style $page 2>&1}, '', "$page is clean under mandoc -Tlint";
}

my $readme = read_file(source() . '/README.md');
ok -e source() . "/$_", "README names $_, which is there" for $readme =~ m{`((?:src|sql|nginx|apache|lighttpd|caddy|contrib|systemd|debian|man|tests)/[\w./-]*)`}g;
ok -e source() . "/$1/$2", "README names $1/$2, which is there"
    while $readme =~ m{/usr/share/callresultd/(sql|nginx|apache|lighttpd|caddy|contrib)/([\w.-]+)}g;

# every program's package is in the one list
my $packages = read_file(source() . '/packages');
like $packages, qr/^(?:build|run|test)\s+\Q$_\E$/m, "$_ is in the list of packages"
    for qw(postgresql nginx-light apache2 libapache2-mod-fcgid spawn-fcgi curl openssl mandoc sqlite3 libcmocka-dev perl
    systemd prometheus pgbouncer lighttpd caddy);
done_testing;
