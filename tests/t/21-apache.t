#!/usr/bin/perl
# The documented push through a real Apache, in each of the three ways that are shipped.
use strict;
use warnings;
use Test::More;
use Rig qw(wait_for);
use Rig::Apache;
use Rig::FrontEnd;
use Rig::Http qw(request_text is_json_refusal);
use Rig::Postgres;
use Rig::Push qw(post get $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my ($worker, $apache, $front, $mount, $path, $url);

sub start_apache {
	my ($how) = @_;
	$worker = Rig::Worker->configured(postgres => $postgres);
	$worker->start->wait_until_ready if $how eq 'proxy-fcgi';
	$apache = Rig::Apache->start_new(how => $how, worker => $worker);
	$front = Rig::FrontEnd->new(server => $apache, postgres => $postgres, name => $how);
	($mount, $path, $url) = @$front{qw(mount path url)};
	return;
}

sub takes_pushes {
	$front->takes_pushes;
	is $front->exchanged(request_text(POST => "//callresult//$Rig::Worker::token", '[]'))->{status}, 200,
	    'behind several slashes, too';
	return;
}

sub refuses_by_json {
	$front->refuses_by_json;
	ok $front->exchanged(request_text(POST => '/callresult/wrong', 'x' x 100_000))->{whole},
	    'a refusal before the body comes to its end';
	is_json_refusal($front->exchanged(request_text(POST => $path, undef, 'Transfer-Encoding: chunked') . "zz\r\n"),
	    400, 'a bad chunk');
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
	my $noted = q{select count(*) from callresult.push where remote_addr = '203.0.113.9'};
	ok wait_for(sub { $postgres->sql($noted) == 1 }), 'and is noted';
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
	is $front->exchanged(request_text(POST => "$path?" . 'x' x 20_000, '[]'))->{status}, 414, 'a long URL';
	is $front->exchanged(request_text(POST => $path, undef, 'Content-Length: x'))->{status}, 400, 'a bad header';
	is $front->exchanged("POST $path a HTTP/1.1\r\n\r\n")->{status}, 400, 'a bad request line';
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
	subtest "$how takes pushes" => \&takes_pushes;
	subtest "$how refuses by JSON" => \&refuses_by_json;
	subtest "$how bounds the body" => sub { $front->bounds_the_body };
	subtest "$how answers the administrator" => \&answers_the_administrator;
	subtest "$how says what is wrong" => \&says_what_is_wrong if $how eq 'proxy-fcgi';
	subtest "$how keeps the token to itself" => \&keeps_the_token_to_itself;
}
done_testing;
