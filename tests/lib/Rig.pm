# What the end-to-end tests stand on: a temporary folder, processes that end with the test, waiting for conditions.
package Rig;

use strict;
use warnings;
use Carp qw(croak);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(:sys_wait_h _exit);
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(folder source build run_command spawn reap stop_process wait_for free_port write_file read_file
    clock_ahead processes_below freeze open_to_web_server);

my $owner = $$;
my $folder;
my %running;    # process => how to end it gently, or undef

# other users read what is made here
umask 022;

# Short, since a unix socket's path has 107 bytes at most; open to the users of PostgreSQL and the web servers.
sub folder {
	if (!defined $folder) {
		$folder = tempdir('/tmp/crXXXXXX');
		chmod 0755, $folder;
	}
	return $folder;
}

sub source { return $ENV{CALLRESULTD_SRC} // dirname(dirname(dirname(__FILE__))) }
sub build  { return $ENV{CALLRESULTD_BUILD} // source() }

sub write_file {
	my ($path, $text) = @_;
	open my $file, '>:raw', $path or croak "$path: $!";
	print {$file} $text;
	close $file or croak "$path: $!";
	return $path;
}

sub read_file {
	my ($path) = @_;
	open my $file, '<:raw', $path or return '';
	local $/;
	return scalar(<$file>) // '';
}

# The environment of a worker whose clock is so many seconds ahead, as a file says, which may be written in place later.
sub clock_ahead {
	my ($seconds, $file) = @_;
	$file //= folder() . "/clock$seconds";
	write_file($file, pack 'q', $seconds);
	return (LD_PRELOAD => build() . '/tests/shim/clock.so', ASAN_OPTIONS => 'verify_asan_link_order=0',
		CLOCK_FILE => $file);
}

# Runs a command to its end; gives its output, and dies when it fails.
sub run_command {
	my (@command) = @_;
	my $log = folder() . '/command.log';
	my $pid = fork() // croak "fork: $!";
	if ($pid == 0) {
		open STDIN,  '<', '/dev/null';
		open STDOUT, '>', $log;
		open STDERR, '>&', \*STDOUT;
		exec @command or _exit(127);
	}
	waitpid $pid, 0;
	my $output = read_file($log);
	croak "@command: failed:\n$output" if $? != 0;
	return $output;
}

# Starts a process in the background.  %with: log => path, stdin => handle, env => {}, before => code run in the child,
# end => code that asks it to end, for what leaves something behind when it is killed.
sub spawn {
	my ($command, %with) = @_;
	my $pid = fork() // croak "fork: $!";
	if ($pid == 0) {
		if ($with{stdin}) { open STDIN, '<&', $with{stdin}; }
		else              { open STDIN, '<', '/dev/null'; }
		open STDOUT, '>>', $with{log} // '/dev/null';
		open STDERR, '>&', \*STDOUT;
		$ENV{$_} = $with{env}{$_} for keys %{ $with{env} // {} };
		$with{before}->() if $with{before};
		exec @$command or _exit(127);
	}
	$running{$pid} = $with{end};
	return $pid;
}

# The wait status of a process that has ended; undef while it runs.
sub reap {
	my ($pid) = @_;
	return undef if waitpid($pid, WNOHANG) == 0;
	delete $running{$pid};
	return $?;
}

# Sends the signal and waits for the end; kills after a minute.  Gives the wait status.
sub stop_process {
	my ($pid, $signal) = @_;
	kill $signal // 'TERM', $pid;
	my $status;
	my $ended = wait_for(sub { defined($status = reap($pid)) });
	if (!$ended) {
		kill 'KILL', processes_below($pid);
		waitpid $pid, 0;
		$status = $?;
		delete $running{$pid};
	}
	return $status;
}

# True as soon as the condition is; false after the bound (seconds).
sub wait_for {
	my ($condition, $bound) = @_;
	my $end = time + ($bound // 60);
	while (1) {
		my $value = $condition->();
		return $value if $value;
		return 0 if time > $end;
		sleep 0.02;
	}
}

# Below those that the system gives to connections: the port stays free until a server takes it, and who tries whether
# one listens there by now is not connected to itself.
sub free_port {
	my ($end) = read_file('/proc/sys/net/ipv4/ip_local_port_range') =~ /^(\d+)/;
	for (1 .. 1000) {
		my $port = 10_000 + int rand($end > 11_000 ? $end - 10_000 : 50_000);
		return $port if IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1);
	}
	croak "no port: $!";
}

# A process and all it has started.
sub processes_below {
	my ($pid) = @_;
	my %children;
	for my $stat (glob '/proc/[0-9]*/stat') {
		my ($child, $parent) = read_file($stat) =~ /^(\d+) \(.*\) \S (\d+)/s or next;
		push @{ $children{$parent} }, $child;
	}
	my @found = ($pid);
	for (my $i = 0; $i < @found; $i++) { push @found, @{ $children{ $found[$i] } // [] }; }
	return @found;
}

# Stops a process and all it has started, and gives their numbers.  What a process forks before the signal reaches it
# is not in the list that was read, so the list is read until it names nobody who still runs.
sub freeze {
	my ($pid) = @_;
	my $runs = sub { read_file("/proc/$_[0]/stat") =~ /\) [^TtZX]/ };
	my @running;
	wait_for(sub { kill 'STOP', @running = grep { $runs->($_) } processes_below($pid); !@running })
	    or croak "still running: @running";
	return processes_below($pid);
}

# Lets Debian's web servers at a folder or socket by their group, as the manual has it done; only root can and must.
sub open_to_web_server {
	my ($path, $mode) = @_;
	if ($> == 0) { chown -1, (getgrnam 'www-data')[2], $path or croak "chown $path: $!"; }
	chmod $mode, $path or croak "chmod $path: $!";
	return $path;
}

sub end_process {
	my ($pid) = @_;
	kill 'CONT', processes_below($pid);
	if ($running{$pid}) {
		$running{$pid}->();
		return if wait_for(sub { defined reap($pid) }, 10);
	}
	kill 'KILL', reverse processes_below($pid);
	waitpid $pid, 0;
	return;
}

$SIG{HUP} = $SIG{INT} = $SIG{TERM} = sub { exit 1 };

END {
	if ($$ == $owner) {
		my $status = $?;
		end_process($_) for keys %running;
		remove_tree($folder) if defined $folder && !$ENV{CALLRESULTD_KEEP};
		$? = $status;
	}
}

1;
