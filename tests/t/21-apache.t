#!/usr/bin/perl
# The documented push through a real Apache, in each of the three ways that are shipped.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig qw(wait_for);
use Rig::Apache;
use Rig::Http qw(exchange request_text is_json_refusal);
use Rig::Postgres;
use Rig::Push qw(record body post get $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $token = $Rig::Worker::token;
my $path = "/callresult/$token";
my $limit = 16 * 1024 * 1024;
my ($worker, $apache, $mount, $url);

sub start_apache {
	my ($how) = @_;
	$worker = Rig::Worker->configured(postgres => $postgres);
	$worker->start->wait_until_ready if $how eq 'proxy-fcgi';
	$apache = Rig::Apache->start_new(how => $how, worker => $worker);
	$mount = "$apache->{url}/callresult";
	$url = "$mount/$token";
	return;
}

sub exchanged { return exchange($apache->{port}, @_) }

sub stored {
	my ($called) = @_;
	return $postgres->sql("select count(*) from callresult.call_result where called = '$called'");
}

sub takes_pushes {
	my ($how) = @_;
	my $answer = post($url, $example);
	is $answer->{status}, 200, 'the documented example is taken' or diag $apache->logs;
	is $answer->{content}, $success, 'the acknowledgement is as documented';
	is $answer->{headers}{'content-type'}, 'application/json', 'it is JSON';
	is stored('60584'), 1, 'it is one row';
	is post("$mount?token=$token", body(record(called => $how)))->{status}, 200, 'the token may stand in the query';
	is stored($how), 1, 'and is stored';
	is post("$mount/?token=$token", '[]')->{status}, 200, 'also behind a slash';
	is exchanged(request_text(POST => "//callresult//$token", '[]'))->{status}, 200, 'behind several slashes';
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
	ok exchanged(request_text(POST => '/callresult/wrong', 'x' x 100_000))->{whole}, 'which comes to its end';
	is_json_refusal(post("$url/more", $example), 404, 'a path below the token');
	is_json_refusal(get($url), 405, 'another method');
	is get($url)->{headers}{allow}, 'POST', 'another method: Allow';
	is_json_refusal(post($url, '{'), 400, 'a bad body');
	is_json_refusal(post($url, $example, 'Content-Encoding' => 'gzip'), 415, 'an encoded body');
	is_json_refusal(exchanged(request_text(POST => $path, undef, 'Transfer-Encoding: chunked') . "zz\r\n"), 400,
	    'a bad chunk');
	is get("${mount}s")->{status}, 404, 'a neighbour of the mount is not ours';
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
	my %elsewhere = (headers => { 'X-Forwarded-For' => '203.0.113.9' });
	my $http = HTTP::Tiny->new;
	for my $live (qw(/-/live //-//live /%2d/live /x/../-/live)) {
		is_json_refusal($http->get($mount . $live, { %elsewhere }), 403, "another address asking for $live");
	}
	is $http->post($url, { content => '[]', %elsewhere })->{status}, 200, 'may push all the same';
	is $postgres->sql(q{select count(*) from callresult.push where remote_addr = '203.0.113.9'}), 1, 'and is noted';
	$postgres->sql(q{delete from callresult.push where remote_addr = '203.0.113.9'});
	return;
}

sub says_what_is_wrong {
	$worker->signal('STOP');
	my $answer = post($url, $example);
	$worker->signal('CONT');
	is_json_refusal($answer, 504, 'a worker that hangs');
	ok $answer->{headers}{'retry-after'}, 'with Retry-After';
	is $worker->stop, 0, 'the worker ends well';
	$answer = post($url, $example);
	is_json_refusal($answer, 503, 'no worker');
	ok $answer->{headers}{'retry-after'}, 'with Retry-After';
	return;
}

sub keeps_the_token_to_itself {
	# Apache refuses these before it knows the location
	is exchanged(request_text(POST => "$path?" . 'x' x 20_000, '[]'))->{status}, 414, 'a long URL';
	is exchanged(request_text(POST => $path, undef, 'Content-Length: x'))->{status}, 400, 'a bad header';
	is exchanged("POST $path a HTTP/1.1\r\n\r\n")->{status}, 400, 'a bad request line';
	$apache->stop;
	my $logs = $apache->logs . $worker->log_text;
	ok index($logs, 'Tok') < 0, 'the token is in no log' or diag $logs =~ /^(.*Tok.*)$/m;
	like $logs, qr{POST /callresult 200 }, 'but the push is in the access log';
	like $logs, qr{POST /callresult 413 }, q{and Apache's own refusals};
	like $logs, qr{GET /callresults }, 'and what has nothing to do with us';
	return;
}

for my $how (qw(proxy-fcgi fcgid cgi)) {
	start_apache($how);
	subtest "$how takes pushes" => sub { takes_pushes($how) };
	subtest "$how refuses by JSON" => \&refuses_by_json;
	subtest "$how bounds the body" => sub { bounds_the_body($how) };
	subtest "$how answers the administrator" => \&answers_the_administrator;
	subtest "$how says what is wrong" => \&says_what_is_wrong if $how eq 'proxy-fcgi';
	subtest "$how keeps the token to itself" => \&keeps_the_token_to_itself;
}
done_testing;
