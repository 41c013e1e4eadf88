# callresultctl, run as an administrator does: arguments in, output, errors and exit status out.
package Rig::Ctl;

use strict;
use warnings;
use Exporter qw(import);
use File::Copy qw(copy);
use JSON::PP qw(decode_json);
use POSIX qw(_exit);
use Rig qw(folder build read_file);
use Test::More;

our @EXPORT_OK = qw(ctl ctl_json exits administrator);

sub binary { return build() . '/src/callresultctl' }

# The connection of the owner of the schema.
sub administrator { my ($postgres) = @_; return "host=$postgres->{folder} user=postgres dbname=callresult" }

# Where another user may run it.
sub open_binary {
	my $copy = folder() . '/callresultctl';
	copy(binary(), $copy) or die "copy: $!";
	chmod 0755, $copy;
	return $copy;
}

# Returns { out, err, status }.  A hash before the arguments: stdin => text, as => user, prefix => [command in front].
sub ctl {
	my %with = ref $_[0] ? %{ shift @_ } : ();
	my @arguments = @_;
	my @program = defined $with{as} ? ('runuser', '-u', $with{as}, '--', open_binary()) : binary();
	unshift @program, @{ $with{prefix} // [] };
	my $base = folder() . '/ctl';
	open my $in, '>', "$base.in" or die;
	print {$in} $with{stdin} // '';
	close $in;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDIN,  '<', "$base.in";
		open STDOUT, '>', "$base.out";
		open STDERR, '>', "$base.err";
		exec @program, @arguments or _exit(127);
	}
	waitpid $pid, 0;
	return { out => read_file("$base.out"), err => read_file("$base.err"), status => $? >> 8, signal => $? & 127 };
}

sub exits {
	my ($run, $status, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok($run->{status} == $status && $run->{signal} == 0, $name)
	    || diag "status $run->{status}, signal $run->{signal}, not $status:\n$run->{out}$run->{err}";
}

# The output as JSON; the test dies when it is none.
sub ctl_json {
	my $run = ctl(@_);
	my $json = eval { decode_json($run->{out}) } // die "no JSON: $run->{out}$run->{err}";
	return ($json, $run);
}

1;
