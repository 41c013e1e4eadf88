# A callresultd of the test's own, with a configuration file, started in each way it can be.
package Rig::Worker;

use strict;
use warnings;
use IO::Socket::UNIX;
use Rig qw(folder build spawn reap stop_process wait_for read_file write_file open_to_web_server);
use Rig::FastCGI;

our $token = 'Tok-en_1.test~';
my $count = 0;

# Nothing is started yet.  %with: postgres => Rig::Postgres, and sections of the file: server => { threads => 8 } ...
sub configured {
	my ($class, %with) = @_;
	my $base = folder() . '/w' . ++$count;
	my $self = bless { base => $base, listen => "unix:$base.run/sock", log => "$base.log", config => "$base.conf" },
	    $class;
	mkdir "$base.run" or die "$base.run: $!";
	open_to_web_server("$base.run", 02750);    # so that the socket is the group's, as often as it is made anew
	my %sections = (
		# long, so that a busy machine sends no push to the spool where a test does not mean it
		server   => { listen => $self->{listen}, reply_deadline => '30s', %{ $with{server} // {} } },
		auth     => { tokens => "$base.tokens", %{ $with{auth} // {} } },
		spool    => { path => "$base.spool", %{ $with{spool} // {} } },
		database => { ($with{postgres} ? (conninfo => $with{postgres}->conninfo) : ()),
		    %{ $with{database} // {} } },
		log      => $with{log} // {},
	);
	$self->{listen} = $sections{server}{listen};
	write_file("$base.tokens", "# the test's\ntest:$token\n");
	write_file($self->{config}, join '', map {
		my $section = $_;
		"[$section]\n", map { "$_ = $sections{$section}{$_}\n" } sort keys %{ $sections{$section} };
	} sort keys %sections);
	return $self;
}

sub binary { return build() . '/src/callresultd' }

# Starts it and waits until it serves.
sub start_new {
	my ($class, %with) = @_;
	my $self = $class->configured(%with);
	return $self->start(%with);
}

# %with: stdin => listening socket; env => {}; prefix => [command in front]; before => code run in the child
sub start {
	my ($self, %with) = @_;
	$self->{pid} = spawn([@{ $with{prefix} // [] }, binary(), '-c', $self->{config}], log => $self->{log},
		stdin => $with{stdin}, env => $with{env}, before => $with{before});
	wait_for(sub { defined reap($self->{pid}) || read_file($self->{log}) =~ / serves / });
	die "the worker does not start:\n" . $self->log_text if read_file($self->{log}) !~ / serves /;
	return $self;
}

# Whether it finds its database in time, as /-/ready says.
sub finds_database {
	my ($self) = @_;
	return wait_for(sub { $self->get('/-/ready')->{body} =~ /"database":true/ }, 60);
}

sub wait_until_ready {
	my ($self) = @_;
	$self->finds_database or die "the worker is not ready:\n" . $self->log_text;
	return $self;
}

# How many pushes wait in its spool, as its metrics say.
sub spooled {
	my ($self) = @_;
	my ($pushes) = $self->get('/-/metrics')->{body} =~ /^callresultd_spool_pushes (\d+)$/m
	    or die 'its metrics lack the spool';
	return $pushes;
}

# Whether its spool is empty in the end.
sub drains { my ($self) = @_; return wait_for(sub { $self->spooled == 0 }, 60) }

sub signal   { my ($self, $signal) = @_; kill $signal, $self->{pid}; return }
sub stop     { my ($self, $signal) = @_; return stop_process($self->{pid}, $signal) }
sub log_text { return read_file($_[0]{log}) }

sub connection { my ($self) = @_; return Rig::FastCGI->connect($self->{listen}) }

# Sends one request over a connection of its own, which it gives.  path: what follows the mount.
sub send_request {
	my ($self, $method, $path, $body, %variables) = @_;
	return $self->connection->send_request({ REQUEST_METHOD => $method, PATH_INFO => $path, REMOTE_ADDR => '192.0.2.7',
		CONTENT_LENGTH => length($body // ''), %variables }, $body);
}

sub send_push { my ($self, $body, %variables) = @_; return $self->send_request('POST', "/$token", $body, %variables) }

# The same, with their answers.
sub request   { my $self = shift; return $self->send_request(@_)->answer }
sub push_body { my $self = shift; return $self->send_push(@_)->answer }
sub get       { my ($self, $path) = @_; return $self->request('GET', $path, '') }

# A listening socket to hand over.
sub handed_over_socket {
	my ($self) = @_;
	my ($path) = $self->{listen} =~ /^unix:(.*)/;
	my $socket = IO::Socket::UNIX->new(Local => $path, Listen => 128) // die "$path: $!";
	open_to_web_server($path, 0660);
	return $socket;
}

1;
