#!/usr/bin/perl
# ./quickstart in a folder with a space that PostgreSQL's user may not enter: from nothing to the first stored push, and
# to the end.  What it stops is its own.
use strict;
use warnings;
use Cwd qw(realpath);
use IO::Socket::INET;
use Test::More;
use Rig qw(folder source build write_file read_file wait_for);

plan skip_all => 'only root has folders closed to PostgreSQL' if $> != 0;
plan skip_all => "$_ is not installed" for grep { !-x } qw(/usr/sbin/runuser /usr/sbin/nginx /usr/bin/curl);

# a tree of its own with the programs that are built already; that of the source may be read-only
my $tree = folder() . '/closed/a tree';
mkdir folder() . '/closed', 0700 or die "mkdir: $!";
mkdir $tree or die "$tree: $!";
system('cp', '-r', map({ source() . "/$_" } qw(quickstart scripts nginx sql)), $tree) == 0 or die "cp: $?";
system('chmod', '-R', 'u+w', $tree);
symlink build() . '/src', "$tree/src" or die "symlink: $!";
write_file("$tree/config.status",    '');
write_file("$tree/Makefile",         "all:\n");
write_file("$tree/scripts/packages", "# a test installs nothing\n");

sub quickstart { my ($arguments) = @_; return scalar `cd '$tree' && ./quickstart $arguments 2>&1 </dev/null` }

my $started = 1;
my $state;
my @strangers;

END {
	my $status = $?;
	quickstart('stop') if $started;
	kill 'KILL', @strangers;
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
is(() = $shown =~ /retCode":"0"/g, 2, 'the documented example is acknowledged, twice');
like $shown, qr/^ 3 +\| 60584 +\|.*\| 00000 +\|/m, 'and stored';
like $shown, qr/^Pushed twice, still one row\.$/m, 'once';
my ($url)  = $shown =~ /^callBackUrl +(\S+)/m;
my ($push) = $shown =~ /^push again +(.*)/m;
ok defined $url && defined $push, 'the way to push again is told';
is `$push`, '{"retCode":"0","retMsg":"success"}', 'and goes';
unlike $push, qr{\Q$1\E}, 'without the token in the arguments' if $url =~ m{([^/]+)$};

$state = realpath("$tree/.quickstart/state");
like $state, qr{^/var/tmp/callresultd-quickstart-0-\d+$}, 'the data are where PostgreSQL may enter';
like $shown, qr/its data are in \Q$state\E$/m, 'and it says so';
is((stat "$state/$_")[2] & 077, 0, "nobody else may read $_")
    for qw(worker worker/tokens worker/spool.db push.curl data);

my @numbers = qw(callresultd.pid nginx/pid data/postmaster.pid);
my @processes = map { split /\n/, read_file("$state/$_") =~ s/\n.*//sr } @numbers;
my ($nginx) = map { split ' ' } read_file("/proc/$processes[1]/task/$processes[1]/children");
isnt((stat "/proc/$_")[4], 0, 'what strangers may reach does not run as root') for $processes[0], $nginx;

like quickstart(''), qr/^callBackUrl +\Q$url\E$/m, 'started anew, it is at the same URL';
@processes = map { split /\n/, read_file("$state/$_") =~ s/\n.*//sr } @numbers;
like quickstart('stop'), qr/^stopped/, 'it stops';
$started = 0;
isnt system("curl -s -o /dev/null $url"), 0, 'nobody answers any more';
# one that has ended and is not reaped yet is no process any more
ok wait_for(sub { !grep { kill(0, $_) && (`cat /proc/$_/cmdline 2>/dev/null` // q{}) ne '' } @processes }, 10),
    'what it started has gone';

subtest 'numbers that are somebody else\'s by now' => sub {
	for my $file (@numbers) {
		push @strangers, fork // die "fork: $!";
		exec 'sleep', '1000' if !$strangers[-1];
		write_file("$state/$file", "$strangers[-1]\n");
	}
	like quickstart('stop'), qr/^stopped/, 'it stops';
	is_deeply [grep { kill 0, $_ } @strangers], \@strangers, 'and nobody else';
	is_deeply [grep { -e "$state/$_" } @numbers], [], 'the numbers are forgotten';
};

subtest 'a port that somebody else has by now' => sub {
	my ($port) = $url =~ /:(\d+)/;
	my $other = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port", Listen => 5, ReuseAddr => 1)
	    or die "port $port: $!";
	$started = 1;
	my $told = quickstart('');
	is $?, 0, 'it ends well' or diag $told;
	like $told, qr/^quickstart: somebody else has port $port now; nginx takes \d+, so the callBackUrl changes$/m,
	    'it says so';
	my ($next) = $told =~ /^callBackUrl +(\S+)/m;
	isnt $next, $url, 'and has another';
	is `$push`, '{"retCode":"0","retMsg":"success"}', 'which is pushed to';
};

subtest 'what cannot start' => sub {
	my ($outside) = "$tree/nginx/callresult-location.conf";
	my $configuration = read_file($outside);
	write_file($outside, "nonsense;\n");
	my $told = quickstart('');
	isnt $?, 0, 'it fails';
	like $told, qr/unknown directive "nonsense"/, 'and says why';
	like $told,
	    qr/^quickstart: it was not finished; what it started is stopped again, and the logs are in \Q$state\E$/m,
	    'and what becomes of the rest';
	is_deeply [grep { -e "$state/$_" } @numbers], [], 'nothing runs';
	write_file($outside, $configuration);
};
quickstart('stop');
$started = 0;
done_testing;
