# What processes take: processor time and memory of a process and all it has started, from /proc.
package Bench::Processes;

use strict;
use warnings;
use Exporter qw(import);
use POSIX ();
use Rig qw(processes_below read_file);

our @EXPORT_OK = qw(processor_seconds resident_bytes peak_bytes);

my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());

# User and system time, that of processes which have ended included: it is counted by those that waited for them.
sub processor_seconds {
	my ($root) = @_;
	my $sum = 0;
	for my $pid (processes_below($root)) {
		my ($rest) = read_file("/proc/$pid/stat") =~ /^\d+ \(.*\) (.*)/s or next;
		my @times = (split ' ', $rest)[11 .. 14];
		$sum += $_ for @times;
	}
	return $sum / $ticks;
}

sub sum_of {
	my ($root, $file, $name) = @_;
	my $sum = 0;
	for my $pid (processes_below($root)) {
		$sum += $1 if read_file("/proc/$pid/$file") =~ /^$name:\s+(\d+) kB/m;
	}
	return $sum * 1024;
}

# Pages that several processes share are shared out among them.
sub resident_bytes { return sum_of($_[0], 'smaps_rollup', 'Pss') }

# The most that one process by itself has had since its start.
sub peak_bytes { return read_file("/proc/$_[0]/status") =~ /^VmHWM:\s+(\d+) kB/m ? $1 * 1024 : 0 }

1;
