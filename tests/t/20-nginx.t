# The documented push through a real nginx with the shipped configuration, and what nginx answers by itself.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig qw(wait_for);
use Rig::Nginx;
use Rig::Postgres;
use Rig::Push qw(record body post get $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
my $nginx = Rig::Nginx->start_new(worker => $worker);
my $mount = "$nginx->{url}/callresult";
my $url = "$mount/$Rig::Worker::token";

sub is_json_refusal {
	my ($answer, $status, $name) = @_;
	my $body = eval { decode_json($answer->{content}) } // {};
	is $answer->{status}, $status, $name;
	is $answer->{headers}{'content-type'}, 'application/json', "$name: as JSON";
	is $body->{retCode}, "$status", "$name: retCode";
	like $body->{retMsg}, qr/\w/, "$name: retMsg";
	return;
}

my $answer = post($url, $example);
is $answer->{status}, 200, 'the documented example is taken';
is $answer->{content}, $success, 'the acknowledgement is as documented';
is $answer->{headers}{'content-type'}, 'application/json', 'it is JSON';
is $postgres->sql('select cause_code, category from callresult.calls'), '00000|Successful outbound call',
    'it is one row, with its cause';
is $postgres->sql('select remote_addr from callresult.push'), '127.0.0.1', 'the sender is noted';

is post("$mount?token=$Rig::Worker::token", $example)->{status}, 200, 'the token may stand in the query';
is post("$mount/?token=$Rig::Worker::token", $example)->{status}, 200, 'also behind a slash';
is post($url, $example, 'Content-Type' => 'text/plain')->{status}, 200, 'the content type does not matter';
is_json_refusal(post("$mount/wrong", $example), 403, 'a wrong token');
is_json_refusal(post($mount, $example), 403, 'no token');
is_json_refusal(post("$url/more", $example), 404, 'a path below the token');
is_json_refusal(get($url), 405, 'another method');
is get($url)->{headers}{allow}, 'POST', 'another method: Allow';
is_json_refusal(post($url, '{'), 400, 'a bad body');
is_json_refusal(post($url, $example, 'Content-Encoding' => 'gzip'), 415, 'an encoded body');
is_json_refusal(post($url, 'x' x (16 * 1024 * 1024 + 1)), 413, q{nginx's own limit});
is get("${mount}s")->{status}, 404, 'a neighbour of the mount is not ours';

# up to the limit, and uploads without a length
my $large = body(record(called => 'large', customField => 'x' x 15_000_000));
is post($url, $large)->{status}, 200, '15 MB are taken';
is $postgres->sql("select length(custom_field) from callresult.calls where called = 'large'"), 15_000_000, 'and stored';
my @pieces = ('[', JSON::PP->new->encode(record(called => 'chunked')), ']');
is post($url, sub { shift @pieces })->{status}, 200, 'a chunked upload is taken';
is $postgres->sql("select count(*) from callresult.calls where called = 'chunked'"), 1, 'and stored';

# what the administrator asks
is get("$mount/-/live")->{status}, 200, 'live';
is decode_json(get("$mount/-/ready")->{content})->{database}, JSON::PP::true, 'ready names the database';
like get("$mount/-/metrics")->{content}, qr/^callresultd_records_total\{fate="inserted"\} 3$/m, 'metrics count';
my $elsewhere = HTTP::Tiny->new(local_address => '127.0.0.2');
is_json_refusal($elsewhere->get("$mount/-/live"), 403, 'another address asking for live');
is $elsewhere->post($url, { content => '[]' })->{status}, 200, 'may push all the same';

# more kept connections than threads
my @waiting = map { HTTP::Tiny->new(keep_alive => 1) } 1 .. 100;
is scalar(grep { $_->post($url, { content => body(record(called => 'kept')) })->{status} == 200 } @waiting, @waiting),
    200, '100 kept connections are served again and again';

$worker->signal('STOP');
my $slow = fork // die;
if ($slow == 0) { require POSIX; POSIX::_exit(post($url, $example)->{status} == 504 ? 0 : 1) }
waitpid $slow, 0;
is $?, 0, 'a worker that hangs is 504';
$worker->signal('CONT');
is post($url, $example)->{status}, 200, 'and serves again';

is $worker->stop, 0, 'the worker ends well';
my $gone = post($url, $example);
is_json_refusal($gone, 502, 'no worker');
ok $gone->{headers}{'retry-after'}, 'no worker: Retry-After';

my $logs = $nginx->logs . $worker->log_text;
ok index($logs, $Rig::Worker::token) < 0, 'the token is in no log';
ok $logs =~ m{POST /callresult 200 .*worker=200}, 'but the push is in the access log';
ok $logs =~ m{POST /callresult 413 }, q{and nginx's own refusals};
done_testing;
