#!/usr/bin/perl
# The documented push through a real lighttpd and a real Caddy, with the configurations that are shipped.
use strict;
use warnings;
use Test::More;
use Rig qw(wait_for);
use Rig::Caddy;
use Rig::FrontEnd;
use Rig::Http qw(request_text is_json_refusal);
use Rig::Lighttpd;
use Rig::Postgres;
use Rig::Push qw(post get $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my ($worker, $server, $front, $mount, $path, $url);

# What they answer by themselves differs a little.
my %expected = (
	Lighttpd => { away => 503, hangs => 504 },
	Caddy    => { away => 502, hangs => 504 },
);

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
	$front->exchanged(request_text(POST => "$path?" . 'x' x 20_000, '[]'));
	$front->exchanged(request_text(POST => $path, undef, 'Content-Length: x'));
	$front->exchanged("POST $path a HTTP/1.1\r\n\r\n");
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
	$front = Rig::FrontEnd->new(server => $server, postgres => $postgres, name => $how);
	($mount, $path, $url) = @$front{qw(mount path url)};
	subtest "$how takes pushes" => sub { $front->takes_pushes };
	subtest "$how refuses by JSON" => sub { $front->refuses_by_json };
	subtest "$how bounds the body" => sub { $front->bounds_the_body };
	subtest "$how answers the administrator" => \&answers_the_administrator;
	subtest "$how says what is wrong" => sub { says_what_is_wrong($how) };
	subtest "$how keeps the token to itself" => \&keeps_the_token_to_itself;
	$worker->stop;
}
done_testing;
