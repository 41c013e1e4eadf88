#!/usr/bin/perl
# The documented push through a real nginx with the shipped configuration, and what nginx answers by itself.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig qw(wait_for);
use Rig::Http qw(exchange request_text is_json_refusal);
use Rig::Nginx;
use Rig::Postgres;
use Rig::Push qw(record body post get $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
my $nginx = Rig::Nginx->start_new(worker => $worker);
my $token = $Rig::Worker::token;
my $path = "/callresult/$token";
my $mount = "$nginx->{url}/callresult";
my $url = "$mount/$token";

sub exchanged { return exchange($nginx->{port}, @_) }

sub stored {
	my ($called) = @_;
	return $postgres->sql("select count(*) from callresult.call_result where called = '$called'");
}

subtest 'the documented example' => sub {
	my $answer = post($url, $example);
	is $answer->{status}, 200, 'is taken';
	is $answer->{content}, $success, 'the acknowledgement is as documented';
	is $answer->{headers}{'content-type'}, 'application/json', 'it is JSON';
	is $postgres->sql('select cause_code, category from callresult.calls'), '00000|Successful outbound call',
	    'it is one row, with its cause';
	is $postgres->sql('select remote_addr from callresult.push'), '127.0.0.1', 'the sender is noted';
};

subtest 'where the token may stand' => sub {
	is post("$mount?token=$token", $example)->{status}, 200, 'in the query';
	is post("$mount/?token=$token", $example)->{status}, 200, 'also behind a slash';
	is exchanged(request_text(POST => "//callresult//$token", '[]'))->{status}, 200, 'behind several slashes';
	my $escaped = $token =~ s/_/%5f/r;
	is exchanged(request_text(POST => "/%63allresult/$escaped", '[]'))->{status}, 200, 'escaped';
	is_json_refusal(post("$mount/wrong", $example), 403, 'a wrong one');
	is_json_refusal(post($mount, $example), 403, 'none');
	is_json_refusal(exchanged(request_text(POST => "$path%0a", '[]')), 403, 'a line feed behind it');
	is_json_refusal(exchanged(request_text(POST => "/callresult/a%0a$token", '[]')), 403, 'a line feed before it');
	is_json_refusal(post("$url/more", $example), 404, 'a path below it');
	is get("${mount}s")->{status}, 404, 'a neighbour of the mount is not ours';
};

subtest 'the ways of HTTP' => sub {
	is post($url, $example, 'Content-Type' => 'text/plain')->{status}, 200, 'the content type does not matter';
	is exchanged("POST $path HTTP/1.0\r\nContent-Length: 2\r\n\r\n[]")->{status}, 200, 'HTTP/1.0';
	is exchanged(request_text(POST => $path, '[]', 'Expect: 100-continue'))->{status}, 200, 'Expect: 100-continue';
	my @pieces = ('[', JSON::PP->new->encode(record(called => 'chunked')), ']');
	is post($url, sub { shift @pieces })->{status}, 200, 'a chunked upload is taken';
	is stored('chunked'), 1, 'and stored';
	is_json_refusal(get($url), 405, 'another method');
	is get($url)->{headers}{allow}, 'POST', 'another method: Allow';
	my $head = exchanged(request_text(HEAD => $path));
	is $head->{status}, 405, 'HEAD';
	is $head->{content}, '', 'HEAD: no content';
	is_json_refusal(post($url, '{'), 400, 'a bad body');
	is_json_refusal(exchanged(request_text(POST => $path)), 400, 'no body');
	is_json_refusal(post($url, $example, 'Content-Encoding' => 'gzip'), 415, 'an encoded body');
	is_json_refusal(exchanged(request_text(POST => $path, undef, 'Transfer-Encoding: chunked') . "zz\r\n"), 400,
	    'a bad chunk');
};

subtest 'the size of a body' => sub {
	my $limit = 16 * 1024 * 1024;
	my $frame = length body(record(called => 'large', customField => ''));
	my $large = body(record(called => 'large', customField => 'x' x ($limit - $frame)));
	is length $large, $limit, 'a body at the limit';
	is post($url, $large)->{status}, 200, 'is taken';
	is $postgres->sql(q{select length(custom_field) from callresult.calls where called = 'large'}), $limit - $frame,
	    'and stored';
	is_json_refusal(post($url, "$large "), 413, 'one byte more');
	my @chunks = (('x' x 1_048_576) x 17);
	my $chunked = join '', map { sprintf("%x\r\n", length) . "$_\r\n" } @chunks, '';
	is_json_refusal(exchanged(request_text(POST => $path, undef, 'Transfer-Encoding: chunked') . $chunked), 413,
	    'more in chunks');
};

subtest 'what the administrator asks' => sub {
	is get("$mount/-/live")->{status}, 200, 'live';
	is decode_json(get("$mount/-/ready")->{content})->{database}, JSON::PP::true, 'ready names the database';
	like get("$mount/-/metrics")->{content}, qr/^callresultd_records_total\{fate="inserted"\} 3$/m, 'metrics count';
	my $elsewhere = HTTP::Tiny->new(local_address => '127.0.0.2');
	for my $live (qw(/-/live //-//live /-%2Flive /%2d/live /x/../-/live /-/live%0a)) {
		is_json_refusal($elsewhere->get($mount . $live), 403, "another address asking for $live");
	}
	is $elsewhere->post($url, { content => '[]' })->{status}, 200, 'may push all the same';
};

# more than the worker has threads
my @kept = map { HTTP::Tiny->new(keep_alive => 1) } 1 .. 100;
is scalar(grep { $_->post($url, { content => body(record(called => 'kept')) })->{status} == 200 } @kept, @kept),
    200, '100 kept connections are served again and again';

exchanged(request_text(POST => $path, body(record(called => 'gone'))), leave => 1);
ok wait_for(sub { stored('gone') == 1 }), 'who leaves after the body has its record stored';

subtest 'a worker that hangs' => sub {
	$worker->signal('STOP');
	my $answer = post($url, $example);
	$worker->signal('CONT');
	is_json_refusal($answer, 504, 'is said');
	ok $answer->{headers}{'retry-after'}, 'with Retry-After';
	is post($url, $example)->{status}, 200, 'and serves again';
};

subtest 'no worker' => sub {
	is $worker->stop, 0, 'the worker ends well';
	my $answer = post($url, $example);
	is_json_refusal($answer, 502, 'is said');
	ok $answer->{headers}{'retry-after'}, 'with Retry-After';
};

subtest 'the logs' => sub {
	# nginx refuses these before it knows the location
	is exchanged(request_text(POST => "$path?" . 'x' x 20_000, '[]'))->{status}, 414, 'a long URL';
	is exchanged(request_text(POST => $path, undef, 'Content-Length: x'))->{status}, 400, 'a bad header';
	is exchanged("POST $path a HTTP/1.1\r\n\r\n")->{status}, 400, 'a bad request line';
	is get("$nginx->{url}/other")->{status}, 404, 'another page';
	my $logs = $nginx->logs . $worker->log_text;
	ok index($logs, $token) < 0 && index($logs, 'Tok') < 0, 'the token is in none of them';
	like $logs, qr{POST /callresult 200 .*worker=200}, 'a push is in the access log';
	like $logs, qr{POST /callresult 413 }, q{nginx's own refusals as well};
	unlike $logs, qr{POST /callresult 499 }, 'nginx gave up no push';
	like $logs, qr{GET /other }, 'and what has nothing to do with us';
};
done_testing;
