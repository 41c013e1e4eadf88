#!/usr/bin/perl
# The documented push through a real lighttpd and a real Caddy, with the configurations that are shipped.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig qw(wait_for);
use Rig::Caddy;
use Rig::Http qw(exchange request_text is_json_refusal);
use Rig::Lighttpd;
use Rig::Postgres;
use Rig::Push qw(record body post get $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $token = $Rig::Worker::token;
my $path = "/callresult/$token";
my $limit = 16 * 1024 * 1024;
my ($worker, $server, $mount, $url);

# What they answer by themselves differs a little.
my %expected = (
	Lighttpd => { away => 503, hangs => 504 },
	Caddy    => { away => 502, hangs => 504 },
);

sub exchanged { return exchange($server->{port}, @_) }

sub stored {
	my ($called) = @_;
	return $postgres->sql("select count(*) from callresult.call_result where called = '$called'");
}

sub takes_pushes {
	my ($how) = @_;
	my $answer = post($url, $example);
	is $answer->{status}, 200, 'the documented example is taken' or diag $server->logs;
	is $answer->{content}, $success, 'the acknowledgement is as documented';
	is $answer->{headers}{'content-type'}, 'application/json', 'it is JSON';
	is stored('60584'), 1, 'it is one row';
	is post("$mount?token=$token", body(record(called => $how)))->{status}, 200, 'the token may stand in the query';
	is stored($how), 1, 'and is stored';
	is post("$mount/?token=$token", '[]')->{status}, 200, 'also behind a slash';
	is exchanged(request_text(POST => '/%63allresult/' . $token =~ s/_/%5f/r, '[]'))->{status}, 200, 'escaped';
	is exchanged("POST $path HTTP/1.0\r\nContent-Length: 2\r\n\r\n[]")->{status}, 200, 'HTTP/1.0';
	is exchanged(request_text(POST => $path, '[]', 'Expect: 100-continue'))->{status}, 200, 'Expect: 100-continue';
	my @pieces = ('[', JSON::PP->new->encode(record(called => "chunked-$how")), ']');
	is post($url, sub { shift @pieces })->{status}, 200, 'a chunked upload is taken';
	is stored("chunked-$how"), 1, 'and stored';
	exchanged(request_text(POST => $path, body(record(called => "gone-$how"))), leave => 1);
	ok wait_for(sub { stored("gone-$how") == 1 }), 'who leaves after the body has its record stored';
	return;
}

sub refuses_by_json {
	is_json_refusal(post("$mount/wrong", $example), 403, 'a wrong token');
	is_json_refusal(post($mount, $example), 403, 'no token');
	is_json_refusal(post("$url/more", $example), 404, 'a path below the token');
	is_json_refusal(get($url), 405, 'another method');
	is get($url)->{headers}{allow}, 'POST', 'another method: Allow';
	is_json_refusal(post($url, '{'), 400, 'a bad body');
	is_json_refusal(post($url, $example, 'Content-Encoding' => 'gzip'), 415, 'an encoded body');
	isnt get("${mount}s")->{status}, 403, 'a neighbour of the mount is not ours';
	return;
}

sub bounds_the_body {
	my ($how) = @_;
	my $large = body(record(called => "large-$how", customField => ''));
	$large =~ s/("customField":")/$1 . 'x' x ($limit - length $large)/e;
	is length $large, $limit, 'a body at the limit';
	is post($url, $large)->{status}, 200, 'is taken';
	is stored("large-$how"), 1, 'and stored';
	is_json_refusal(post($url, "$large "), 413, 'one byte more');
	is_json_refusal(exchanged(request_text(POST => $path, undef, 'Content-Length: 1000000000')), 413,
	    'much more is refused unread');
	my $chunked = join '', map { sprintf("%x\r\n", length) . "$_\r\n" } (('x' x 1_048_576) x 17), '';
	is_json_refusal(exchanged(request_text(POST => $path, undef, 'Transfer-Encoding: chunked') . $chunked), 413,
	    'more in chunks');
	return;
}

sub answers_the_administrator {
	is get("$mount/-/live")->{status}, 200, 'live';
	like get("$mount/-/metrics")->{headers}{'content-type'}, qr{^text/plain; version=0\.0\.4}, 'metrics';
	my $elsewhere = HTTP::Tiny->new(local_address => '127.0.0.2');
	for my $live (qw(/-/live //-//live /-%2Flive /%2d/live /x/../-/live)) {
		isnt $elsewhere->get($mount . $live)->{status}, 200, "another address asking for $live is told nothing";
	}
	is_json_refusal($elsewhere->get("$mount/-/live"), 403, 'and is refused');
	is $elsewhere->post($url, { content => '[]' })->{status}, 200, 'but may push';
	return;
}

sub says_what_is_wrong {
	my ($how) = @_;
	$worker->signal('STOP');
	my $answer = post($url, $example);
	$worker->signal('CONT');
	is_json_refusal($answer, $expected{$how}{hangs}, 'a worker that hangs');
	is $worker->stop, 0, 'the worker ends well';
	is_json_refusal(post($url, $example), $expected{$how}{away}, 'no worker');
	unlink $worker->{log};
	$worker->start->wait_until_ready;
	ok wait_for(sub { post($url, '[]')->{status} == 200 }), 'and one again';
	return;
}

sub keeps_the_token_to_itself {
	exchanged(request_text(POST => "$path?" . 'x' x 20_000, '[]'));
	exchanged(request_text(POST => $path, undef, 'Content-Length: x'));
	exchanged("POST $path a HTTP/1.1\r\n\r\n");
	$server->stop;
	my $logs = $server->logs . $worker->log_text;
	ok index($logs, 'Tok') < 0, 'the token is in no log' or diag $logs =~ /^(.*Tok.*)$/m;
	like $logs, qr{POST.*\b200\b}, 'but the push is in the access log';
	like $logs, qr{POST.*\b413\b}, 'and refusals';
	return;
}

for my $how (qw(Lighttpd Caddy)) {
	$worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
	$server = "Rig::$how"->start_new(worker => $worker);
	$mount = "$server->{url}/callresult";
	$url = "$mount/$token";
	subtest "$how takes pushes" => sub { takes_pushes($how) };
	subtest "$how refuses by JSON" => \&refuses_by_json;
	subtest "$how bounds the body" => sub { bounds_the_body($how) };
	subtest "$how answers the administrator" => \&answers_the_administrator;
	subtest "$how says what is wrong" => sub { says_what_is_wrong($how) };
	subtest "$how keeps the token to itself" => \&keeps_the_token_to_itself;
	$worker->stop;
}
done_testing;
