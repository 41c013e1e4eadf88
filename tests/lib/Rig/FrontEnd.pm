# What every web server in front of a worker does alike, as subtests can ask it; the tests add what is its own.
package Rig::FrontEnd;

use strict;
use warnings;
use JSON::PP;
use Rig qw(wait_for);
use Rig::Http qw(exchange request_text is_json_refusal);
use Rig::Push qw(record body post get $success $example);
use Rig::Worker;
use Test::More;

use constant LIMIT => 16 * 1024 * 1024;    # max_body, as the shipped configurations have it

# %with: server => what Rig::Nginx and its like start; postgres; name => of the server, in the records that are pushed
sub new {
	my ($class, %with) = @_;
	my $token = $Rig::Worker::token;
	my $mount = "$with{server}{url}/callresult";
	return bless { %with, path => "/callresult/$token", mount => $mount, url => "$mount/$token" }, $class;
}

sub exchanged { my ($self, @what) = @_; return exchange($self->{server}{port}, @what) }

sub stored {
	my ($self, $called) = @_;
	return $self->{postgres}->sql("select count(*) from callresult.call_result where called = '$called'");
}

sub takes_pushes {
	my ($self) = @_;
	my ($name, $mount, $path, $url) = @$self{qw(name mount path url)};
	my $token = $Rig::Worker::token;
	my $answer = post($url, $example);
	is $answer->{status}, 200, 'the documented example is taken' or diag $self->{server}->logs;
	is $answer->{content}, $success, 'the acknowledgement is as documented';
	is $answer->{headers}{'content-type'}, 'application/json', 'it is JSON';
	ok wait_for(sub { $self->stored('60584') == 1 }), 'it is one row';
	is post("$mount?token=$token", body(record(called => $name)))->{status}, 200,
	    'the token may stand in the query';
	ok wait_for(sub { $self->stored($name) == 1 }), 'and is stored';
	is post("$mount/?token=$token", '[]')->{status}, 200, 'also behind a slash';
	is $self->exchanged(request_text(POST => '/%63allresult/' . $token =~ s/_/%5f/r, '[]'))->{status}, 200,
	    'escaped';
	is $self->exchanged(request_text(POST => "/callresult//$token", '[]'))->{status}, 200, 'two slashes';
	is $self->exchanged(request_text(POST => "$path?a?b", '[]'))->{status}, 200, 'two question marks';
	is $self->exchanged(request_text(POST => "/callresult?token=$token?sign=1", '[]'))->{status}, 200,
	    'a second one behind the token';
	is $self->exchanged("POST $path HTTP/1.0\r\nContent-Length: 2\r\n\r\n[]")->{status}, 200, 'HTTP/1.0';
	is $self->exchanged(request_text(POST => $path, '[]', 'Expect: 100-continue'))->{status}, 200,
	    'Expect: 100-continue';
	my @pieces = ('[', JSON::PP->new->encode(record(called => "chunked-$name")), ']');
	is post($url, sub { shift @pieces })->{status}, 200, 'a chunked upload is taken';
	ok wait_for(sub { $self->stored("chunked-$name") == 1 }), 'and stored';
	$self->exchanged(request_text(POST => $path, body(record(called => "gone-$name"))), leave => 1);
	ok wait_for(sub { $self->stored("gone-$name") == 1 }), 'who leaves after the body has its record stored';
	return;
}

sub refuses_by_json {
	my ($self) = @_;
	my ($mount, $url) = @$self{qw(mount url)};
	is_json_refusal(post("$mount/wrong", $example), 403, 'a wrong token');
	is_json_refusal(post($mount, $example), 403, 'no token');
	is_json_refusal(post("$url/more", $example), 404, 'a path below the token');
	is_json_refusal(get($url), 405, 'another method');
	is get($url)->{headers}{allow}, 'POST', 'another method: Allow';
	is_json_refusal(post($url, '{'), 400, 'a bad body');
	is_json_refusal(post($url, $example, 'Content-Encoding' => 'gzip'), 415, 'an encoded body');
	# a typo in the callBackUrl must not look like a push that is stored
	my $server = $self->{server}{url};
	is post("$server/$_", $example)->{status}, 404, "/$_ is not ours"
	    for qw(callresul/x callresults/x api/callresults/x x);
	is get("${mount}s")->{status}, 404, 'a neighbour of the mount is not ours';
	isnt post("$server/", $example)->{status}, 200, 'nor is the root';
	return;
}

sub bounds_the_body {
	my ($self) = @_;
	my ($name, $path, $url) = @$self{qw(name path url)};
	my $frame = length body(record(called => "large-$name", customField => ''));
	my $large = body(record(called => "large-$name", customField => 'x' x (LIMIT - $frame)));
	is length $large, LIMIT, 'a body at the limit';
	is post($url, $large)->{status}, 200, 'is taken';
	my $length = "select length(custom_field) from callresult.call_result where called = 'large-$name'";
	ok wait_for(sub { $self->{postgres}->sql($length) eq LIMIT - $frame }), 'and stored whole';
	is_json_refusal(post($url, "$large "), 413, 'one byte more');
	is_json_refusal($self->exchanged(request_text(POST => $path, undef, 'Content-Length: 1000000000')), 413,
	    'much more is refused unread');
	my $chunked = join '', map { sprintf("%x\r\n", length) . "$_\r\n" } (('x' x 1_048_576) x 17), '';
	is_json_refusal($self->exchanged(request_text(POST => $path, undef, 'Transfer-Encoding: chunked') . $chunked),
	    413, 'more in chunks');
	return;
}

1;
