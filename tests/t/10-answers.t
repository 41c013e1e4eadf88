#!/usr/bin/perl
# Every request and every answer of the interface, and what each leaves in the database.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig::Postgres;
use Rig::Push qw(record body $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres, server => { max_body => '64K' })->wait_until_ready;
my $token = $Rig::Worker::token;

# What the database holds: results, pushes, quarantine rows and how often those were seen.
sub held {
	return $postgres->sql('select
		(select count(*) from callresult.call_result), (select count(*) from callresult.push),
		(select count(*) from callresult.quarantine),
		(select coalesce(sum(seen), 0) from callresult.quarantine)');
}

sub is_answer {
	my ($answer, $status, $name) = @_;
	my $body = eval { decode_json($answer->{body}) } // {};
	is $answer->{status}, $status, $name;
	is $answer->{headers}{'content-type'}, 'application/json', "$name: as JSON";
	is $answer->{headers}{'content-length'}, length $answer->{body}, "$name: its length";
	is $body->{retCode}, $status == 200 ? '0' : "$status", "$name: retCode";
	like $answer->{body}, qr/"retCode":"\d+","retMsg":"\w[^"]*"/, "$name: strings";
	return;
}

# --- taken
is_answer $worker->push_body($example), 200, 'the documented example';
is $worker->push_body($example)->{body}, $success, 'the acknowledgement to the letter';
is held(), '1|2|0|0', 'two pushes, one result';
is_answer $worker->push_body('[]'), 200, 'an empty list';
is_answer $worker->push_body(" \n\t[]\r\n "), 200, 'white space around it';
is_answer $worker->push_body("\xef\xbb\xbf[]"), 200, 'a byte order mark before it';
is_answer $worker->push_body(qq({"callResultList":$example})), 200, 'the list in an object';
is_answer $worker->push_body(qq({"total":1,"callResultList":$example,"x":{}})), 200, 'with other members';
is_answer $worker->push_body('[]', HTTP_CONTENT_ENCODING => 'identity'), 200, 'encoded as it is';
is_answer $worker->push_body('[]', CONTENT_TYPE => 'application/x-www-form-urlencoded'), 200, 'under any content type';
is_answer $worker->push_body($example, CONTENT_LENGTH => undef), 200, 'without a length';
is_answer $worker->push_body($example, CONTENT_LENGTH => ''), 200, 'with an empty length';
is_answer $worker->push_body('[]', REMOTE_ADDR => 'unix:'), 200, 'from no address';
is_answer $worker->request('POST', '', '[]', QUERY_STRING => "token=$token"), 200, 'the token in the query';
is_answer $worker->request('POST', '/', '[]', QUERY_STRING => "a=b&token=$token&c"), 200, 'among others';
is_answer $worker->request('POST', '', '[]', QUERY_STRING => 'token=' . $token =~ s/([~_])/sprintf '%%%02X',
    ord $1/ger), 200, 'a token with percent signs';
is_answer $worker->request('POST', '', '[]', QUERY_STRING => "token=$token%"), 403,
    'a percent sign with nothing behind';
is_answer $worker->request('POST', undef, '[]', QUERY_STRING => "token=$token"), 200, 'without PATH_INFO';
is_answer $worker->request('POST', "/$token/", '[]'), 200, 'a slash behind the token';
is_answer $worker->request('POST', "//$token", '[]'), 200, 'two slashes in front of the token';
is_answer $worker->request('POST', '', '[]', QUERY_STRING => "token=$token?sign=1"), 200, 'a question mark behind it';
is held(), '1|19|0|0', 'each is a push, and none a second result';
is $postgres->sql('select distinct source from callresult.push'), 'test', 'by the token of that name';

# --- one bad record among good ones
my @good = map { record(called => "good$_") } 1 .. 2;
my $mixed = '[' . JSON::PP->new->encode($good[0]) . ', { "called" : "bad",  "callStatus":6 } ,' .
    JSON::PP->new->encode($good[1]) . ']';
is_answer $worker->push_body($mixed), 200, 'a bad record among good ones';
is held(), '3|20|1|1', 'the good ones are stored, the bad one is in quarantine';
is $postgres->sql("select convert_from(raw, 'UTF8') || '|' || reason from callresult.quarantine"),
    '{ "called" : "bad",  "callStatus":6 }|campaignId is missing', 'as it came, with the reason';
is $postgres->sql('select records, inserted, updated, duplicates, quarantined from callresult.push
	order by received_at desc limit 1'), '3|2|0|0|1', 'the evidence adds up';
is $postgres->sql("select sha256 = sha256(raw) from callresult.quarantine"), 't', 'its digest is right';

# --- bad bodies: refused, and kept once with a count
my %bad = (
	'empty'                  => '',
	'white space'            => "  \n",
	'not JSON'               => 'hello',
	'not UTF-8'              => qq([{"called":"1"},\xff]),
	'UTF-16'                 => qq(\xff\xfe[\0]\0),
	'a wide number as name'  => '[{"campaignId":"1","callStatus":5,"callId":"x", 1e400:"v"}]',
	'cut short'              => substr($example, 0, 100),
	'trailing text'          => '[]x',
	'two lists'              => '[][]',
	'an object'              => '{}',
	'another object'         => '{"callResultList":{}}',
	'a string'               => '"[]"',
	'a number'               => '12',
	'null'                   => 'null',
	'a trailing comma'       => '[{},]',
	'NaN'                    => '[NaN]',
	'a NUL byte'             => "[\0]",
	'single quotes'          => "[{'a':1}]",
	'deep brackets, cut'     => '[' x 50_000,
);
my $before = (split /\|/, held())[2];
for my $name (sort keys %bad) {
	is_answer $worker->push_body($bad{$name}), 400, "a bad body: $name";
	is $worker->push_body($bad{$name})->{status}, 400, "a bad body: $name: again";
	is $postgres->sql('select raw = decode(\'' . unpack('H*', $bad{$name})
	    . "', 'hex'), seen from callresult.quarantine
		order by id desc limit 1"), 't|2', "a bad body: $name: kept once, seen twice";
}
is((split /\|/, held())[2] - $before, scalar keys %bad, 'one row a distinct bad body');
is $postgres->sql('select distinct records, inserted, updated, duplicates, quarantined from callresult.push
	where push.bytes in (2, 5) and records = 0'), '0|0|0|0|0', 'a bad body counts no record';
$before = held();
my $leaks = 0;
$leaks ||= $worker->push_body(qq([{"called":"138001380$_"}]x))->{body} =~ /138001380/ for 1 .. 3;
ok !$leaks, 'a refusal does not quote the input';

my $short = $worker->connection;
$short->begin({ REQUEST_METHOD => 'POST', PATH_INFO => "/$token", CONTENT_LENGTH => length $example });
$short->send_body(substr $example, 0, 50);
$short->end_body;
is_answer $short->answer, 400, 'a body shorter than its length';
is_answer $worker->push_body($example, HTTP_CONTENT_ENCODING => 'gzip'), 415, 'an encoded body';
is $postgres->sql("select rtrim(convert_from(raw, 'UTF8'), E'\\n') from callresult.quarantine
	where reason like '%Content-Encoding%'"), $example =~ s/\n\z//r, 'an encoded body is kept too';

is_answer $worker->push_body('x' x 65_537), 413, 'too large a body';
is $postgres->sql('select bytes, sha256 is null, records from callresult.push order by received_at desc limit 1'),
    '65537|t|0', 'is not kept, but the push is noted';
is_answer $worker->push_body('x' x 65_537, CONTENT_LENGTH => undef), 413, 'too large a body without a length';
is_answer $worker->push_body('x', CONTENT_LENGTH => '99999999999999999999'), 413, 'a length beyond all bounds';

# --- refused without a trace
$before = held();
is_answer $worker->request('POST', '', $example), 403, 'no token';
is_answer $worker->request('POST', '/', $example), 403, 'an empty token';
is_answer $worker->request('POST', '/wrong', $example), 403, 'a wrong token';
is_answer $worker->request('POST', '/' . substr($token, 0, -1), $example), 403, 'a token cut short';
is_answer $worker->request('POST', "/${token}x", $example), 403, 'a token and more';
is_answer $worker->request('POST', '', $example, QUERY_STRING => 'token=wrong'), 403, 'a wrong token in the query';
is_answer $worker->request('POST', '', $example, QUERY_STRING => "nottoken=$token"), 403, 'under another name';
for my $method (qw(GET PUT DELETE HEAD OPTIONS PATCH post)) {
	my $answer = $worker->request($method, "/$token", '');
	is_answer $answer, 405, "$method";
	is $answer->{headers}{allow}, 'POST', "$method: Allow";
}
is_answer $worker->request('POST', "/$token/more", $example), 404, 'below the token';
is_answer $worker->get('/-/nothing'), 404, 'an unknown question';
is_answer $worker->get('//-/live'), 404, 'a question that a rule of the web server may not have seen';
is_answer $worker->request('POST', '/-/live', ''), 404, 'a question by POST';
is held(), $before, 'none of these leaves a row';

# --- questions
is_answer $worker->get('/-/live'), 200, 'live';
is_answer $worker->get('/-/ready'), 200, 'ready';
is $worker->request('HEAD', '/-/live', '')->{status}, 200, 'HEAD is as good as GET';
my $metrics = $worker->get('/-/metrics');
is $metrics->{status}, 200, 'metrics';
like $metrics->{headers}{'content-type'}, qr{^text/plain; version=0\.0\.4}, 'metrics: as Prometheus text';
my %fates = $metrics->{body} =~ /records_total\{fate="(\w+)"\} (\d+)/g;
my @fates = split /\|/, $postgres->sql(
    'select sum(inserted), sum(updated), sum(duplicates), sum(quarantined) from callresult.push');
is_deeply \%fates, { inserted => $fates[0], updated => $fates[1], duplicate => $fates[2], quarantined => $fates[3] },
    'metrics agree with the database';

unlike $worker->log_text, qr/60584|\Q$token\E|good1/, 'nothing private is in the log';
is $worker->stop, 0, 'the worker ends well';
done_testing;
