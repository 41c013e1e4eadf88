#!/usr/bin/perl
# The documented push through a real nginx with the shipped configuration, and what nginx answers by itself.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig::FrontEnd;
use Rig::Http qw(request_text is_json_refusal);
use Rig::Nginx;
use Rig::Postgres;
use Rig::Push qw(record body post get $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
my $nginx = Rig::Nginx->start_new(worker => $worker);
my $front = Rig::FrontEnd->new(server => $nginx, postgres => $postgres, name => 'nginx');
my ($mount, $path, $url) = @$front{qw(mount path url)};

subtest 'it takes pushes' => sub {
	$front->takes_pushes;
	is $postgres->sql(q{select cause_code, category from callresult.calls where called = '60584'}),
	    '00000|Successful outbound call', 'the cause of the example is known';
	is $postgres->sql('select distinct remote_addr from callresult.push'), '127.0.0.1', 'the sender is noted';
	is $front->exchanged(request_text(POST => "//callresult//$Rig::Worker::token", '[]'))->{status}, 200,
	    'behind several slashes, too';
	is post($url, $example, 'Content-Type' => 'text/plain')->{status}, 200, 'the content type does not matter';
};

subtest 'it refuses by JSON' => sub {
	$front->refuses_by_json;
	is_json_refusal($front->exchanged(request_text(POST => "$path%0a", '[]')), 403, 'a line feed behind the token');
	is_json_refusal($front->exchanged(request_text(POST => "/callresult/a%0a$Rig::Worker::token", '[]')), 403,
	    'a line feed before it');
	my $head = $front->exchanged(request_text(HEAD => $path));
	is $head->{status}, 405, 'HEAD';
	is $head->{content}, '', 'HEAD: no content';
	is_json_refusal($front->exchanged(request_text(POST => $path)), 400, 'no body');
	is_json_refusal($front->exchanged(request_text(POST => $path, undef, 'Transfer-Encoding: chunked') . "zz\r\n"),
	    400, 'a bad chunk');
};

subtest 'it bounds the body' => sub { $front->bounds_the_body };

subtest 'what the administrator asks' => sub {
	is get("$mount/-/live")->{status}, 200, 'live';
	is decode_json(get("$mount/-/ready")->{content})->{database}, JSON::PP::true, 'ready names the database';
	like get("$mount/-/metrics")->{content}, qr/^callresultd_records_total\{fate="inserted"\} 5$/m, 'metrics count';
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
	is $front->exchanged(request_text(POST => "$path?" . 'x' x 20_000, '[]'))->{status}, 414, 'a long URL';
	is $front->exchanged(request_text(POST => $path, undef, 'Content-Length: x'))->{status}, 400, 'a bad header';
	is $front->exchanged("POST $path a HTTP/1.1\r\n\r\n")->{status}, 400, 'a bad request line';
	is get("$nginx->{url}/other")->{status}, 404, 'another page';
	# nginx logs a request after its answer
	is $nginx->stop, 0, 'nginx ends well';
	my $logs = $nginx->logs . $worker->log_text;
	ok index($logs, $Rig::Worker::token) < 0 && index($logs, 'Tok') < 0, 'the token is in none of them';
	like $logs, qr{POST /callresult 200 .*worker=200}, 'a push is in the access log';
	like $logs, qr{POST /callresult 413 }, q{nginx's own refusals as well};
	unlike $logs, qr{POST /callresult 499 }, 'nginx gave up no push';
	like $logs, qr{GET /other }, 'and what has nothing to do with us';
};
done_testing;
