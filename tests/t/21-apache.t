#!/usr/bin/perl
# The documented push through a real Apache, in each of the three ways that are shipped.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig;
use Rig::Apache;
use Rig::Postgres;
use Rig::Push qw(record body post get $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;

sub is_json_refusal {
	my ($answer, $status, $name) = @_;
	my $body = eval { decode_json($answer->{content}) } // {};
	is $answer->{status}, $status, $name;
	is $answer->{headers}{'content-type'}, 'application/json', "$name: as JSON";
	is $body->{retCode}, "$status", "$name: retCode" or diag $answer->{content};
	return;
}

sub start_apache {
	my ($how) = @_;
	my $worker = Rig::Worker->configured(postgres => $postgres);
	$worker->start->wait_until_ready if $how eq 'proxy-fcgi';
	return ($worker, Rig::Apache->start_new(how => $how, worker => $worker));
}

for my $how (qw(proxy-fcgi fcgid cgi)) {
	subtest $how => sub {
		my ($worker, $apache) = start_apache($how);
		my $mount = "$apache->{url}/callresult";
		my $url = "$mount/$Rig::Worker::token";

		my $answer = post($url, $example);
		is $answer->{status}, 200, 'the documented example is taken' or diag $apache->logs;
		is $answer->{content}, $success, 'the acknowledgement is as documented';
		is $answer->{headers}{'content-type'}, 'application/json', 'it is JSON';
		is $postgres->sql("select count(*) from callresult.call_result where called = '60584'"), 1, 'it is one row';
		is post("$mount?token=$Rig::Worker::token", body(record(called => $how)))->{status}, 200,
		    'the token may stand in the query';
		is $postgres->sql("select count(*) from callresult.call_result where called = '$how'"), 1, 'and is stored';

		is_json_refusal(post("$mount/wrong", $example), 403, 'a wrong token');
		is_json_refusal(get($url), 405, 'another method');
		is get($url)->{headers}{allow}, 'POST', 'another method: Allow';
		is_json_refusal(post($url, '{'), 400, 'a bad body');
		is_json_refusal(post($url, $example, 'Content-Encoding' => 'gzip'), 415, 'an encoded body');
		is_json_refusal(post($url, 'x' x (16 * 1024 * 1024 + 1)), 413, 'too large a body');
		is get("$mount/-/live")->{status}, 200, 'live';

		my $large = body(record(called => "large-$how", customField => 'x' x 3_000_000));
		is post($url, $large)->{status}, 200, '3 MB are taken';
		my @pieces = ('[', JSON::PP->new->encode(record(called => "chunked-$how")), ']');
		is post($url, sub { shift @pieces })->{status}, 200, 'a chunked upload is taken';
		is $postgres->sql("select count(*) from callresult.call_result where called = 'chunked-$how'"), 1, 'and stored';

		if ($how eq 'proxy-fcgi') {
			is $worker->stop, 0, 'the worker ends well';
			is_json_refusal(post($url, $example), 503, 'no worker');
		}
		$apache->stop;
		ok index($apache->logs . $worker->log_text, $Rig::Worker::token) < 0, 'the token is in no log';
		ok $apache->logs =~ m{POST /callresult 200 }, 'but the push is in the access log';
	};
}
done_testing;
