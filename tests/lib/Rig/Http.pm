# HTTP as bytes, for requests that no well-behaved client sends, and what every refusal looks like.
package Rig::Http;

use strict;
use warnings;
use Exporter qw(import);
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Test::More;

our @EXPORT_OK = qw(exchange request_text is_json_refusal);

# A request on a connection of its own, which ends with the answer.
sub request_text {
	my ($method, $target, $body, @headers) = @_;
	my $length = defined $body ? 'Content-Length: ' . length($body) . "\r\n" : '';
	return join '', "$method $target HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
	    map({ "$_\r\n" } @headers), $length, "\r\n", $body // '';
}

# Sends the bytes and gives the answer as HTTP::Tiny does, and whether it is whole.  %with: leave => 1 to go without
# hearing it; end => 1 to say that nothing more comes.
sub exchange {
	my ($port, $bytes, %with) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 10) or die "port $port: $!";
	local $SIG{PIPE} = 'IGNORE';
	print {$socket} $bytes;
	$socket->flush;
	return if $with{leave};
	shutdown $socket, 1 if $with{end};
	my $text = '';
	1 while sysread $socket, $text, 65_536, length $text;
	return parse($text);
}

# The content of a chunked body, and whether its end is there.
sub dechunk {
	my ($chunked) = @_;
	my $content = '';
	while ($chunked =~ s/\A([0-9a-f]+)\r\n//) {
		my $size = hex $1;
		return ($content, 1) if $size == 0;
		$content .= substr $chunked, 0, $size, '';
		$chunked =~ s/\A\r\n//;
	}
	return ($content, 0);
}

sub parse {
	my ($text) = @_;
	$text =~ s{\AHTTP/1\.1 100 .*?\r\n\r\n}{}s;
	my ($head, $content) = split /\r\n\r\n/, $text, 2;
	my ($status_line, @lines) = split /\r\n/, $head // '';
	my %headers = map { /^([^:]+):\s*(.*)/ ? (lc $1, $2) : () } @lines;
	my $whole = ($headers{'content-length'} // -1) == length($content // '');
	($content, $whole) = dechunk($content) if ($headers{'transfer-encoding'} // '') eq 'chunked';
	my ($status) = ($status_line // '') =~ m{^HTTP/1\.[01] (\d{3})};
	return { status => $status, status_line => $status_line, headers => \%headers, content => $content,
	    whole => $whole };
}

# A refusal by the worker or the web server: that status, and JSON that says it as text and why.
sub is_json_refusal {
	my ($answer, $status, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $body = eval { decode_json($answer->{content}) };
	subtest $name => sub {
		is $answer->{status}, $status, 'the status';
		is $answer->{headers}{'content-type'}, 'application/json', 'as JSON' or diag $answer->{content};
		ok defined $body && $answer->{content} =~ /"retCode":"$status"/, 'retCode is the status as text'
		    or diag $answer->{content};
		like $body->{retMsg}, qr/^[A-Z].*\w.*\.$/, 'retMsg is a sentence';
	};
	return;
}

1;
