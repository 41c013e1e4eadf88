#!/usr/bin/perl
# ./quickstart in a folder that PostgreSQL's user may not enter: from nothing to the first stored push, and to the end.
use strict;
use warnings;
use Cwd qw(realpath);
use Test::More;
use Rig qw(folder source build write_file read_file);

plan skip_all => 'only root has folders closed to PostgreSQL' if $> != 0;
plan skip_all => "$_ is not installed" for grep { !-x } qw(/usr/sbin/runuser /usr/sbin/nginx /usr/bin/curl);

# a tree of its own with the programs that are built already; that of the source may be read-only
my $tree = folder() . '/closed/tree';
mkdir folder() . '/closed', 0700 or die "mkdir: $!";
mkdir $tree or die "$tree: $!";
system('cp', '-r', map({ source() . "/$_" } qw(quickstart scripts nginx sql)), $tree) == 0 or die "cp: $?";
symlink build() . '/src', "$tree/src" or die "symlink: $!";
write_file("$tree/config.status", '');
write_file("$tree/Makefile",      "all:\n");
write_file("$tree/packages",      "# a test installs nothing\n");

sub quickstart { my ($arguments) = @_; return scalar `cd $tree && ./quickstart $arguments 2>&1 </dev/null` }

my $started = 1;
my $state;

END {
	my $status = $?;
	quickstart('stop') if $started;
	$state //= realpath("$tree/.quickstart/state") if $tree;
	system 'rm', '-rf', $state if ($state // '') =~ m{^/var/tmp/callresultd-quickstart-};
	$? = $status;
}

subtest 'a folder that somebody else has put there' => sub {
	my ($outside) = map { "/var/tmp/callresultd-quickstart-0-$_" } `echo '$tree' | cksum` =~ /^(\d+)/;
	mkdir $outside or die "$outside: $!";
	chown 65_534, 65_534, $outside;
	my $shown = quickstart('');
	isnt $?, 0, 'it ends';
	like $shown, qr/cannot use \Q$outside\E: it is not a folder of yours$/m, 'and says so';
	is_deeply [glob "$outside/*"], [], 'nothing is put into it';
	rmdir $outside;
};

my $shown = quickstart('');
is $?, 0, 'it ends well' or diag $shown;
like $shown, qr/retCode":"0"/, 'the documented example is acknowledged';
like $shown, qr/^ 3 +\| 60584 +\|.*\| 00000 +\|/m, 'and stored';
my ($url) = $shown =~ /^callBackUrl +(\S+)/m;
my ($file) = $shown =~ /^push again .*\@(\S+)/m;
ok defined $url && defined $file, 'the way to push again is told';
is `curl -sS --data-binary \@$file $url`, '{"retCode":"0","retMsg":"success"}', 'and goes';

$state = realpath("$tree/.quickstart/state");
like $state, qr{^/var/tmp/callresultd-quickstart-0-\d+$}, 'the data are where PostgreSQL may enter';
like $shown, qr/its data are in \Q$state\E$/m, 'and it says so';
is((stat "$state/$_")[2] & 077, 0, "nobody else may read $_") for qw(tokens spool.db data);
my @processes = map { split /\n/, read_file("$state/$_") =~ s/\n.*//sr } qw(callresultd.pid nginx/pid data/postmaster.pid);

like quickstart(''), qr/^callBackUrl +\Q$url\E$/m, 'started anew, it is at the same URL';
like quickstart('stop'), qr/^stopped/, 'it stops';
$started = 0;
isnt system("curl -s -o /dev/null $url"), 0, 'nobody answers any more';
is_deeply [grep { kill 0, $_ } @processes], [], 'what it started has gone';
done_testing;
