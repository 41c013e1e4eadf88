# A sender under way: processes that push records of their own, and write down what was acknowledged.
package Rig::Load;

use strict;
use warnings;
use POSIX qw(_exit);
use Rig qw(folder wait_for read_file);
use Rig::Push qw(record body $success);
use Time::HiRes qw(sleep time);

my $count = 0;

# %with: worker; senders => 4; records => 3 a push; pause => seconds between pushes; refused => 1 to put a record called
# "refused-..." at a random place into every third push, for a database that refuses it.  Every tenth push has a bad record.
sub start_new {
	my ($class, %with) = @_;
	my $self = bless { name => 'load' . ++$count, pids => [] }, $class;
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
	for (my $n = 1; !$self->{ending} && $n <= 20_000; $n++) {
		my @called = map { "$self->{name}-$sender-$n-$_" } 1 .. $with{records} // 3;
		my @records = map { record(called => $_) } @called;
		push @records, { called => "bad-$called[0]" } if $n % 10 == 0;
		splice @records, int rand(1 + @records), 0, record(called => "refused-$called[0]") if $with{refused} && $n % 3 == 0;
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

# What was acknowledged and is neither stored nor in quarantine; what is stored more than once.
sub missing_and_double {
	my ($self, $postgres) = @_;
	my %stored;
	$stored{$_}++ for split /\n/, $postgres->sql("select called from callresult.call_result
		where called like '$self->{name}-%'");
	$stored{$_}++ for split /\n/, $postgres->sql("select convert_from(raw, 'UTF8')::json->>'called'
		from callresult.quarantine where position('-$self->{name}-' in convert_from(raw, 'UTF8')) > 0");
	return ([grep { !$stored{$_} } sort keys %{ $self->{acknowledged} }], [grep { $stored{$_} > 1 } sort keys %stored]);
}

1;
