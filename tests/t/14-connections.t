#!/usr/bin/perl
# Connections: heads that no web server sends, senders that are slow or silent, and the good pushes beside them.
use strict;
use warnings;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use Rig qw(wait_for read_file);
use Rig::FastCGI;
use Rig::Postgres;
use Rig::Push qw(record body $example);
use Rig::Worker;

use constant { BEGIN_REQUEST => 1, ABORT_REQUEST => 2, PARAMS => 4, BODY => 5, GET_VALUES => 9 };

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres,
    server => { threads => 4, max_body => '1M' })->wait_until_ready;
my $token = $Rig::Worker::token;
my $pid = $worker->{pid};

sub frame {
	my ($type, $content, %with) = @_;
	return pack('CCnnCx', $with{version} // 1, $type, $with{id} // 1, length $content,
	    length($with{padding} // '')) . $content . ($with{padding} // '');
}

sub begin_frame { my ($role, $keep, %with) = @_; return frame(BEGIN_REQUEST, pack('nCx5', $role, $keep), %with) }
sub params      { my %variables = @_; return join '',
    map { Rig::FastCGI::pair($_, $variables{$_}) } sort keys %variables }

my %live = (REQUEST_METHOD => 'GET', PATH_INFO => '/-/live');
my $begin = begin_frame(1, 1);
my $rest = frame(PARAMS, '') . frame(BODY, '');

sub sent { my ($bytes) = @_; my $connection = $worker->connection; $connection->send_bytes($bytes); return $connection }

sub is_well {
	my ($name) = @_;
	my $start = time;
	is $worker->push_body(body(record(called => $name)))->{status}, 200, "$name: a good push is stored";
	cmp_ok time - $start, '<', 8, 'and soon';
	return;
}

subtest 'heads that are none' => sub {
	my %heads = (
		'name and value add up to more than an int'  => $begin . frame(PARAMS, "\xff\xff\xff\xfe\x00abcdef")
		    . $rest,
		'a name of 2 GiB'                            => $begin . frame(PARAMS, "\xff\xff\xff\xff\x05abcdef")
		    . $rest,
		'a value of 2 GiB'                           => $begin . frame(PARAMS, "\x01\xff\xff\xff\xffabcdef")
		    . $rest,
		'a value that ends behind the last'          => $begin . frame(PARAMS, "\x01\x05abcd") . $rest,
		'a length that is cut short'                 => $begin . frame(PARAMS, "\x01\x80\x00") . $rest,
		'a NUL in a value'                           => $begin . frame(PARAMS, "\x01\x03aa\0b") . $rest,
		'another version'                            => "\x02" . substr($begin, 1),
		'another type'                               => frame(200, 'x'),
		'a management record'                        => frame(GET_VALUES, "\x0f\x00FCGI_MPXS_CONNS", id => 0),
		'a body before the head'                     => frame(BODY, 'abc') . $begin,
		'a body in the head'                         => $begin . frame(BODY, 'abc'),
		'no request id'                              => begin_frame(1, 1, id => 0),
		'begun twice'                                => $begin . $begin,
		'another request in between'                 => $begin . begin_frame(1, 1, id => 2),
		'variables of another request'               => $begin . frame(PARAMS, params(%live), id => 2),
		'a management record in between'             => $begin . frame(GET_VALUES, '', id => 0),
		'given up in the head'                       => $begin . frame(ABORT_REQUEST, ''),
		'an authorizer'                              => begin_frame(2, 1) . frame(PARAMS, params(%live))
		    . $rest,
		'a role of no meaning'                       => begin_frame(9, 1) . frame(PARAMS, params(%live))
		    . $rest,
		'BEGIN_REQUEST too short'                    => frame(BEGIN_REQUEST, "\0\1"),
		'64 KiB of variables and more'               => join('', $begin,
		    map { frame(PARAMS, params(a => 'x' x 40_000)) } 1 .. 2),
		'a record that would be too large'           => $begin
		    . frame(PARAMS, '') =~ s/\x00\x00\x00\x00\z/\xff\xff\xff\x00/r,
		'HTTP'                                       => "GET / HTTP/1.0\r\n\r\n",
	);
	for my $name (sort keys %heads) {
		my $connection = sent($heads{$name});
		ok $connection->is_closed(5), "$name: closed without an answer";
	}
	is_well('heads');
};

subtest 'heads that are odd and good' => sub {
	my $variables = params(%live);
	my $padded = join '', map { frame(PARAMS, $_, padding => "\xff" x 255) } split //, $variables;
	is sent($begin . $padded . $rest)->answer->{status}, 200, 'a byte a record, with padding';
	is sent(frame(ABORT_REQUEST, '', id => 7) . $begin . frame(PARAMS, $variables) . $rest)->answer->{status}, 200,
	    'behind the end of one that was given up';
	is sent(begin_frame(1, 0, id => 65_535) . frame(PARAMS, $variables, id => 65_535)
	    . frame(PARAMS, '', id => 65_535) .
	    frame(BODY, '', id => 65_535))->answer->{status}, 200, 'the highest request id';
	is sent($begin . frame(PARAMS, params(%live, long => 'x' x 60_000)) . $rest)->answer->{status}, 200,
	    'nearly 64 KiB';
	my $connection = $worker->connection;
	for my $byte (split //, $begin . frame(PARAMS, $variables) . $rest) { $connection->send_bytes($byte); }
	is $connection->answer->{status}, 200, 'a byte at a time';
	ok !$connection->is_closed(0), 'and the connection is kept';
	my $request = $begin . frame(PARAMS, $variables) . $rest;
	$connection->send_bytes($request x 2);
	is_deeply [map { $connection->answer->{status} } 1 .. 2], [200, 200], 'two requests at once';
};

# Connections that begin and are silent then; each with its answer or without.
sub silent {
	my ($count, $path, %with) = @_;
	return map {
		my $connection = $worker->connection;
		$connection->begin({ REQUEST_METHOD => 'POST', PATH_INFO => $path, %with });
		$connection;
	} 1 .. $count;
}

subtest 'silent senders without a token' => sub {
	my $begun = time;
	my @all;
	for my $length ('-1', undef, 100_000) {
		my @silent = silent(70, '/wrong', CONTENT_LENGTH => $length);
		is scalar(grep { $_->answer_flushed =~ /Status: 403/ } @silent), 70, 'all are told so at once';
		push @all, @silent;
	}
	is_well('silent');
	ok wait_for(sub { time > $begun + 4 }), 'some time later';
	is scalar(grep { $_->answer && $_->is_closed(5) } @all), scalar @all, 'they have their end, and are closed';
};

subtest 'heads that never end' => sub {
	my $begun = time;
	my @heads = map { sent($begin . substr(frame(PARAMS, params(%live)), 0, 12)) } 1 .. 50;
	is_well('heads that never end');
	while (time < $begun + 8) { $_->send_bytes("\0") for @heads; sleep 0.5; }
	is scalar(grep { $_->is_closed(10) } @heads), 50, 'they are closed, though bytes came';
	cmp_ok time - $begun, '<', 25, 'after 10 seconds';
};

subtest 'a body whose end never comes' => sub {
	my $lock = $postgres->hold('lock table callresult.push');
	my $body = body(record(called => 'no end'));
	my ($endless) = silent(1, "/$token", CONTENT_LENGTH => length $body);
	$endless->send_body($body);
	my @others = map {
		my $text = body(record(called => "beside$_"));
		my ($connection) = silent(1, "/$token", CONTENT_LENGTH => length $text);
		$connection->send_body($text); $connection->end_body;
		$connection;
	} 1 .. 3;
	$postgres->let_go($lock);
	my $start = time;
	is_deeply [map { $_->answer->{status} } @others], [200, 200, 200], 'the others of its batch are answered';
	like $endless->answer_flushed, qr/Status: 200/, 'and so is it';
	cmp_ok time - $start, '<', 12, 'at once';
};

subtest 'stopped and continued in the middle of bodies' => sub {
	my @bodies = map { body(record(called => "stopped$_")) } 1 .. 4;
	my @connections = map { silent(1, "/$token", CONTENT_LENGTH => length $_) } @bodies;
	$connections[$_]->send_body(substr $bodies[$_], 0, 50) for 0 .. 3;
	is $worker->get('/-/live')->{status}, 200, 'they are being read';
	kill 'STOP', $pid;
	ok wait_for(sub { read_file("/proc/$pid/stat") =~ /\) T / }), 'it is stopped';
	kill 'CONT', $pid;
	for (0 .. 3) { $connections[$_]->send_body(substr $bodies[$_], 50); $connections[$_]->end_body; }
	is_deeply [map { $_->answer->{status} } @connections], [(200) x 4], 'all are taken';
};

# Longer than a head may take: no sender has a part in that.
subtest 'stopped for long' => sub {
	my @late = map { sent($begin) } 1 .. 20;
	is $worker->get('/-/live')->{status}, 200, 'heads are being read';
	kill 'STOP', $pid;
	my $stopped = time;
	ok wait_for(sub { time > $stopped + 11.5 }, 30), 'its time passes';
	$_->send_bytes(frame(PARAMS, params(%live)) . $rest) for @late;
	kill 'CONT', $pid;
	is scalar(grep { ($_->answer // { status => 0 })->{status} == 200 } @late), 20, 'all are read nevertheless';
};

subtest 'a body that is given up' => sub {
	my ($connection) = silent(1, "/$token");
	$connection->send_body('[');
	$connection->send_bytes(frame(ABORT_REQUEST, ''));
	is $connection->answer->{status}, 400, 'is no whole body';
	ok $connection->is_closed(5), 'and its connection is closed';
	is $postgres->sql(q{select count(*) from callresult.quarantine where raw = '['}), 1, 'what came of it is kept';
	is_well('given up');
};

# of 1 MiB bodies four may be whole at a time
subtest 'large bodies' => sub {
	my @large = map { my ($connection) = silent(1, "/$token", CONTENT_LENGTH => 1_000_000); $connection } 1 .. 4;
	my $part = '[' . (' ' x 900_000);
	my @writers = map { my $connection = $_; my $child = fork // die; $child || do { $connection->send_body($part);
	    POSIX::_exit(0) } } @large;
	is $worker->get('/-/live')->{status}, 200, 'are read';
	waitpid $_, 0 for @writers[0 .. 2];
	is $worker->get('/-/live')->{status}, 200, 'while one waits for the others';
	for my $connection (@large[0 .. 2]) { $connection->send_body(' ' x (1_000_000 - length($part) - 1) . ']');
	    $connection->end_body; }
	is_deeply [map { $_->answer->{status} } @large[0 .. 2]], [200, 200, 200], 'three are stored';
	waitpid $writers[3], 0;
	$large[3]->send_body(' ' x (1_000_000 - length($part) - 1) . ']');
	$large[3]->end_body;
	is $large[3]->answer->{status}, 200, 'and then the one that waited';
};

subtest 'idle' => sub {
	my $ticks = sub { my @stat = split / /, read_file("/proc/$pid/stat") =~ s/^.*\) //sr;
	    return $stat[11] + $stat[12] };
	my @idle = map { $worker->connection } 1 .. 100;
	is $worker->get('/-/live')->{status}, 200, 'with 100 connections';
	my $before = $ticks->();
	sleep 2;
	cmp_ok $ticks->() - $before, '<=', 10, 'it sleeps';
};

is kill(0, $pid), 1, 'one process through all of it';

subtest 'the end' => sub {
	my @unfinished = (silent(6, "/$token", CONTENT_LENGTH => 1000), silent(3, '/wrong'), sent(substr $begin, 0, 5));
	my $idle = $worker->connection;
	is $idle->request({ %live }, '', 1)->{status}, 200, 'a connection is kept';
	my $start = time;
	$worker->signal('TERM');
	ok $idle->is_closed(5), 'what is idle is closed';
	my $status;
	ok wait_for(sub { defined($status = Rig::reap($pid)) }, 60), 'it ends, whoever has sent half a request';
	is $status, 0, 'well';
	cmp_ok time - $start, '<', 25, 'in bounded time';
};
done_testing;
