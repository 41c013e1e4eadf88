# A FastCGI client (FastCGI specification 1.0): a web server's side, well-behaved or not.
package Rig::FastCGI;

use strict;
use Errno;
use warnings;
use IO::Socket::IP;
use IO::Socket::UNIX;

use constant { FCGI_BEGIN => 1, FCGI_ABORT => 2, FCGI_END => 3, FCGI_PARAMS => 4, FCGI_STDIN => 5, FCGI_STDOUT => 6 };

sub connect {
	my ($class, $where) = @_;
	my $socket = $where =~ /^unix:(.*)/
	    ? IO::Socket::UNIX->new(Peer => $1)
	    : IO::Socket::IP->new(PeerAddr => $where);
	die "$where: $!" if !$socket;
	return bless { socket => $socket }, $class;
}

sub record {
	my ($type, $content) = @_;
	return pack('CCnnCx', 1, $type, 1, length $content, 0) . $content;
}

sub pair {
	my ($name, $value) = @_;
	return join '', (map { length $_ < 128 ? pack('C', length $_) : pack('N', length($_) | 0x80000000) } $name,
	    $value), $name, $value;
}

sub send_bytes {
	my ($self, $bytes) = @_;
	local $SIG{PIPE} = 'IGNORE';
	while (length $bytes) {
		my $count = syswrite $self->{socket}, $bytes;
		next if !defined $count && $!{EINTR};
		return 0 if !defined $count;
		substr($bytes, 0, $count) = '';
	}
	return 1;
}

sub begin {
	my ($self, $variables, $keep) = @_;
	my $params = join '', map { pair($_, $variables->{$_}) } grep {
	    defined $variables->{$_} } sort keys %$variables;
	return $self->send_bytes(record(FCGI_BEGIN, pack 'nCx5', 1, $keep ? 1 : 0) . record(FCGI_PARAMS, $params) .
	    record(FCGI_PARAMS, ''));
}

sub send_body {
	my ($self, $body) = @_;
	my $step = 32_768;
	for (my $at = 0; $at < length $body; $at += $step) {
		$self->send_bytes(record(FCGI_STDIN, substr $body, $at, $step)) or return 0;
	}
	return 1;
}

sub end_body { return $_[0]->send_bytes(record(FCGI_STDIN, '')) }

sub read_exactly {
	my ($self, $size) = @_;
	my $bytes = '';
	while (length $bytes < $size) {
		my $count = sysread $self->{socket}, $bytes, $size - length $bytes, length $bytes;
		next if !defined $count && $!{EINTR};
		return undef if !$count;
	}
	return $bytes;
}

# The answer as { status, headers, body }; undef when the connection ended before it did.
sub answer {
	my ($self) = @_;
	my $text = '';
	while (defined(my $head = $self->read_exactly(8))) {
		my (undef, $type, undef, $length, $padding) = unpack 'CCnnC', $head;
		my $content = $self->read_exactly($length + $padding) // last;
		$text .= substr $content, 0, $length if $type == FCGI_STDOUT;
		next if $type != FCGI_END;
		my ($head_text, $body) = split /\r\n\r\n/, $text, 2;
		my %headers = map { /^([^:]+):\s*(.*)/ ? (lc $1, $2) : () } split /\r\n/, $head_text // '';
		my ($status) = ($headers{status} // 200) =~ /^(\d+)/;
		return { status => $status, headers => \%headers, body => $body };
	}
	return undef;
}

# What has come of an answer by the time its head is there: it may be complete to the sender and have no end yet.
sub answer_flushed {
	my ($self) = @_;
	my $text = '';
	while ($text !~ /\r\n\r\n./ && defined(my $head = $self->read_exactly(8))) {
		my (undef, $type, undef, $length, $padding) = unpack 'CCnnC', $head;
		my $content = $self->read_exactly($length + $padding) // last;
		$text .= substr $content, 0, $length if $type == FCGI_STDOUT;
	}
	return $text;
}

sub send_request {
	my ($self, $variables, $body, $keep) = @_;
	$self->begin($variables, $keep);
	$self->send_body($body // '');
	$self->end_body;
	return $self;
}

sub request { my $self = shift; return $self->send_request(@_)->answer }

# Whether the other side has closed; waits for that up to the bound (seconds).
sub is_closed {
	my ($self, $bound) = @_;
	my $set = '';
	vec($set, fileno $self->{socket}, 1) = 1;
	return 0 if !select $set, undef, undef, $bound // 10;
	return !sysread $self->{socket}, my $byte, 1;
}

sub close { close $_[0]{socket}; return }

1;
