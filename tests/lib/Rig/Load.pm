# A sender under way: processes that push records of their own, and write down what was acknowledged.
package Rig::Load;

use strict;
use warnings;
use POSIX qw(_exit);
use Rig qw(folder wait_for read_file);
use Rig::Push qw(record body $success);
use Test::More;
use Time::HiRes qw(sleep time);

my $count = 0;

# The record of that name, always the same: what is stored is held against it, field by field.  A bad one has its name
# and nothing else.
sub record_called {
	my ($called) = @_;
	return { called => $called } if $called =~ /^bad-/;
	return record(called => $called, customField => qq(f\xc3\xbcr "$called" \xf0\x9f\x93\x9e),
	    recordPath => "\\\\disk\\$called.V3",
		weight => "a\t$called");
}

# The same as a row of the table, as psql shows it.
sub row_called {
	my ($called) = @_;
	return join '|', '3', '1202_test013', $called, '2020-08-30 20:00:00', 6, '0', '00000', 11, '0023-134864174',
	    qq(f\xc3\xbcr "$called" \xf0\x9f\x93\x9e), "\\\\disk\\$called.V3", "a\t$called";
}

# %with: worker; senders => 4; records => 3 a push; pause => seconds between pushes; refused => 1 to put a record called
# "refused-..." at a random place into every third push, for a database that refuses it.  Every tenth push has a bad
# record.
sub start_new {
	my ($class, %with) = @_;
	my $self = bless { name => 'load' . ++$count, pids => [], test => $$ }, $class;
	for my $sender (1 .. $with{senders} // 4) {
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			$SIG{TERM} = sub { $self->{ending} = 1 };
			srand $sender;
			eval { $self->push_on($sender, %with) };
			_exit(0);
		}
		push @{ $self->{pids} }, $pid;
	}
	return $self;
}

sub push_on {
	my ($self, $sender, %with) = @_;
	open my $log, '>>', folder() . "/$self->{name}-$sender" or die;
	$log->autoflush(1);
	for (my $n = 1; !$self->{ending} && getppid == $self->{test} && $n <= 100_000; $n++) {
		my @called = map { "$self->{name}-$sender-$n-$_" } 1 .. $with{records} // 3;
		push @called, "bad-$called[0]" if $n % 10 == 0;
		splice @called, int rand(1 + @called), 0, "refused-$called[0]" if $with{refused} && $n % 3 == 0;
		my @records = map { record_called($_) } @called;
		my $start = time;
		my $answer = eval { $with{worker}->push_body(body(@records)) };
		my $status = $answer && $answer->{body} eq $success ? 200 : $answer ? $answer->{status} : 0;
		printf {$log} "%d %.3f %s\n", $status, time - $start, join ' ', map { $_->{called} } @records;
		sleep($with{pause} // 0.01);
	}
	return;
}

# How often each status was the answer so far.
sub seen {
	my ($self) = @_;
	my %seen;
	$seen{ (split / /)[0] }++ for map { split /\n/, read_file($_) } glob folder() . "/$self->{name}-*";
	return %seen;
}

# Ends the senders after the push in hand.  Gives itself, with what was acknowledged.
sub stop {
	my ($self) = @_;
	kill 'TERM', @{ $self->{pids} };
	waitpid $_, 0 for @{ $self->{pids} };
	for my $line (map { split /\n/, read_file($_) } glob folder() . "/$self->{name}-*") {
		my ($status, $took, @called) = split / /, $line;
		$self->{answers}{$status}++;
		$self->{slowest} = $took if $took > ($self->{slowest} // 0);
		$self->{acknowledged}{$_} = 1 for $status == 200 ? @called : ();
	}
	return $self;
}

# What was acknowledged and is neither stored nor in quarantine, each field and byte as it was sent; what is there more
# than once.
sub missing_and_double {
	my ($self, $postgres) = @_;
	my %stored;
	for my $row (split /\n/, $postgres->sql("select campaign_id, session_id, called, call_time_local, call_status,
		fail_code, cause_code, vdn_id, call_id, custom_field, record_path, extra->>'weight'
		from callresult.call_result where called like '$self->{name}-%'")) {
		my $called = (split /\|/, $row)[2];
		$stored{ $row eq row_called($called) ? $called : "$called, altered" }++;
	}
	for my $row (split /\n/, $postgres->sql("select convert_from(raw, 'UTF8') from callresult.quarantine
		where position('-$self->{name}-' in convert_from(raw, 'UTF8')) > 0")) {
		my ($called) = $row =~ /"called":"([^"]*)"/;
		$stored{ "[$row]" eq body(record_called($called)) ? $called : "$called, altered" }++;
	}
	return ([grep { !$stored{$_} } sort keys %{ $self->{acknowledged} }],
	    [grep { $stored{$_} > 1 } sort keys %stored]);
}

# A test, when it is stopped: each record that was acknowledged is there once, as it was sent.
sub is_kept {
	my ($self, $postgres, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($missing, $double) = $self->missing_and_double($postgres);
	return is_deeply { missing => $missing, double => $double }, { missing => [], double => [] }, $name;
}

# A test, when it is stopped: every push was acknowledged.
sub is_acknowledged {
	my ($self, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $answers = $self->{answers};
	return is_deeply([sort keys %$answers], [200], $name) || diag join ', ',
	    map { "$_: $answers->{$_}" } sort keys %$answers;
}

1;
