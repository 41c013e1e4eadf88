#!/usr/bin/perl
# Starting in every way there is, serving through bad peers, reading again, ending well.
use strict;
use warnings;
use IO::Socket::IP;
use POSIX ();
use Test::More;
use Rig qw(folder spawn reap stop_process wait_for free_port read_file write_file run_command);
use Rig::Postgres;
use Rig::Push qw(record body $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $token = $Rig::Worker::token;

# Gives exit status and output of the binary.
sub outcome_of {
	my (@arguments) = @_;
	my $output = qx{@{[join ' ', map { quotemeta } Rig::Worker->binary, @arguments]} 2>&1 </dev/null};
	return ($? >> 8, $output);
}

subtest 'the command line' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres);
	my ($status, $output) = outcome_of('-V');
	is $status, 0, '-V';
	like $output, qr/^callresultd \d+\.\d+\.\d+$/, '-V says the version';
	($status, $output) = outcome_of('-h');
	is $status, 0, '-h';
	like $output, qr/usage: callresultd/, '-h says how to use it';
	($status, $output) = outcome_of('-x');
	is $status, 2, 'an unknown option';
	($status, $output) = outcome_of('-n', '-c', $worker->{config});
	is $status, 0, '-n of a good configuration';
	($status, $output) = outcome_of('-n', '-c', folder() . '/none.conf');
	isnt $status, 0, '-n of none';
	like $output, qr/none\.conf/, 'names it';

	my $bad = write_file(folder() . '/bad.conf', "[server]\nthreads = 8\n\n[database]\nwritters = 2\n");
	($status, $output) = outcome_of('-n', '-c', $bad);
	isnt $status, 0, 'an unknown key';
	like $output, qr/bad\.conf, line 5: \[database\] writters/, 'is named with file, line and key';
	write_file($bad, "[server]\nthreads = many\n");
	($status, $output) = outcome_of('-n', '-c', $bad);
	isnt $status, 0, 'a bad value';
	like $output, qr/bad\.conf, line 2: \[server\] threads/, 'is named with file, line and key';
	write_file($bad, "[database]\nconninfo = dbname=x password\n");
	($status, $output) = outcome_of('-n', '-c', $bad);
	isnt $status, 0, 'a bad conninfo';
	unlike $output, qr/password/, 'is not shown';
	write_file($bad, "[auth]\ntokens = " . folder() . "/no-tokens\n");
	($status, $output) = outcome_of('-c', $bad);
	isnt $status, 0, 'no tokens and no allow_anonymous: refuses to start';
	write_file(folder() . '/empty', '');
	write_file($bad, "[auth]\ntokens = " . folder() . "/empty\n");
	isnt((outcome_of('-c', $bad))[0], 0, 'an empty file of tokens as well');
};

subtest 'its own unix socket' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres);
	my ($path) = $worker->{listen} =~ /^unix:(.*)/;
	is((stat $path)[2] & 07777, 0660, 'has mode 0660');
	is $worker->wait_until_ready->push_body($example)->{body}, $success, 'is served';
	my ($status, $output) = outcome_of('-c', $worker->{config});
	isnt $status, 0, 'a second worker on it is refused';
	is $worker->push_body('[]')->{status}, 200, 'and does not harm the first';
	$worker->signal('KILL');
	wait_for(sub { defined reap($worker->{pid}) });
	ok -S $path, 'a killed worker leaves its socket';
	unlink $worker->{log};
	is $worker->start->wait_until_ready->push_body('[]')->{status}, 200, 'the next one takes its place';
	is $worker->stop, 0, 'ends well';
	ok !-e $path, 'the socket goes with it';
};

subtest 'its own unix socket is taken away' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
	my ($path) = $worker->{listen} =~ /^unix:(.*)/;
	my $kept = $worker->connection;
	my %get = (REQUEST_METHOD => 'GET', PATH_INFO => '/-/live');
	my $is_live = sub { my $answer = eval { $worker->get('/-/live') }; return $answer && $answer->{status} == 200 };
	my $is_back = sub { wait_for($is_live) };
	unlink $path;
	ok $is_back->(), 'removed: it is made anew';
	is((stat $path)[2] & 07777, 0660, 'with its mode');
	rename $path, "$path.old";
	ok $is_back->(), 'renamed: it is made anew';
	unlink "$path.old";
	my $other = IO::Socket::UNIX->new(Local => "$path.other", Listen => 1);
	$other->close;
	rename "$path.other", $path;
	ok $is_back->(), 'replaced by one that nobody serves: it is made anew';
	rename "$worker->{base}.run", "$worker->{base}.gone";
	ok wait_for(sub { $worker->log_text =~ /cannot be made again yet/ }), 'a folder that is gone is logged';
	mkdir "$worker->{base}.run";
	ok $is_back->(), 'with the folder it comes back';
	unlink $path;
	ok $is_back->(), 'and is looked at there';
	# it listens before it is there: one that does not would be taken for what a dead process left
	$other = IO::Socket::UNIX->new(Local => "$path.other", Listen => 1);
	my $inode = (stat "$path.other")[1];
	$other->timeout(20);
	rename "$path.other", $path;
	ok $other->accept && (stat $path)[1] == $inode, 'another that serves there is found, and left alone';
	unlink $path;
	$other->close;
	ok $is_back->(), 'until it ends';
	is $kept->request(\%get, '', 1)->{status}, 200, 'connections made before go on';
	is $worker->stop, 0, 'ends well';
	ok !-e $path, 'and the socket goes with it';
};

subtest 'TCP' => sub {
	my @addresses = ('127.0.0.1', IO::Socket::IP->new(LocalHost => '::1', Listen => 1) ? '[::1]' : ());
	for my $where (map { "$_:" . free_port() } @addresses) {
		my $worker = Rig::Worker->start_new(postgres => $postgres, server => { listen => $where });
		is $worker->wait_until_ready->push_body($example)->{status}, 200, $where;
		unlike $worker->log_text, qr/other machines/, 'is nobody else\'s to reach';
		is $worker->stop, 0, 'ends well';
	}
	my $open = Rig::Worker->configured(postgres => $postgres, server => { listen => '*:' . free_port() })->start;
	ok wait_for(sub { $open->log_text =~ /can be reached from other machines/ }), 'what an open port means is logged';
	is $open->stop, 0, 'ends well';
};

subtest 'a socket on descriptor 0' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres);
	my $socket = $worker->handed_over_socket;
	$worker->start(stdin => $socket);
	is $worker->wait_until_ready->push_body($example)->{status}, 200, 'is served';
	is $worker->stop, 0, 'ends well';
	my ($path) = $worker->{listen} =~ /^unix:(.*)/;
	ok -S $path, 'the socket is not its own to remove';
};

subtest 'spawn-fcgi' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres);
	my ($path) = $worker->{listen} =~ /^unix:(.*)/;
	$worker->start(prefix => ['spawn-fcgi', '-n', '-s', $path, '--']);
	is $worker->wait_until_ready->push_body($example)->{status}, 200, 'is served';
	is $worker->stop, 0, 'ends well';
};

subtest 'systemd socket activation' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres);
	my $socket = $worker->handed_over_socket;
	$worker->start(before => sub {
		POSIX::dup2(POSIX::dup(fileno $socket), 3);   # without close-on-exec, even if it was 3
		$ENV{LISTEN_FDS} = 1;
		$ENV{LISTEN_PID} = $$;
	});
	is $worker->wait_until_ready->push_body($example)->{status}, 200, 'is served';
	is $worker->stop, 0, 'ends well';
};

# What is opened next would be standard error, and the log would be written into it.
subtest 'started without standard streams' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres);
	my ($path) = $worker->{listen} =~ /^unix:(.*)/;
	$worker->{pid} = Rig::spawn([Rig::Worker->binary, '-c', $worker->{config}], before => sub { POSIX::close($_) for 0 .. 2 });
	ok wait_for(sub { -S $path }), 'it serves';
	$worker->wait_until_ready;
	is_deeply [map { readlink "/proc/$worker->{pid}/fd/$_" } 0 .. 2], [('/dev/null') x 3], 'nothing takes their place';
	$worker->signal('HUP');
	is $worker->push_body(body(record(called => 'silent')))->{status}, 200, 'what it logs is in nobody\'s way';
	is $worker->stop, 0, 'ends well';
};

subtest 'a plain CGI program' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres);
	my $input = write_file(folder() . '/cgi.in', body(record(called => 'cgi')));
	local %ENV = (%ENV, GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => 'POST', PATH_INFO => "/$token",
	    CONTENT_LENGTH => -s $input, REMOTE_ADDR => '::1', CALLRESULTD_CONF => $worker->{config});
	my $output = qx{@{[Rig::Worker->binary]} <$input 2>$worker->{log}};
	is $?, 0, 'exits 0';
	like $output, qr/^Status: 200 OK\r\n.*\r\n\r\n\Q$success\E\z/s, 'answers on stdout';
	is $postgres->sql(q{select count(*) from callresult.call_result where called = 'cgi'}), 1, 'and has stored it';
	unlink "$worker->{base}.spool";
	my %answers = ('/wrong' => '403 Forbidden', "/$token/more" => '404 Not Found', '/-/live' => '404 Not Found');
	for my $path (sort keys %answers) {
		local $ENV{PATH_INFO} = $path;
		$output = qx{@{[Rig::Worker->binary]} <$input 2>$worker->{log}};
		is $?, 0, "$path: exits 0 after a refusal";
		like $output, qr/^Status: $answers{$path}\r\n.*"\}\z/s, 'which it says';
		ok !-e "$worker->{base}.spool", 'and opens neither spool nor database for it';
	}
	local $ENV{REQUEST_METHOD} = 'GET';
	for my $question (qw(live ready metrics)) {
		local $ENV{PATH_INFO} = "/-/$question";
		like qx{@{[Rig::Worker->binary]} </dev/null 2>$worker->{log}}, qr/^Status: 200 OK\r\n/,
		    "answers $question";
	}
	local $ENV{PATH_INFO} = '/-/ready';
	like qx{@{[Rig::Worker->binary]} </dev/null 2>$worker->{log}}, qr/"database":true/, 'once it knows of the database';
};

# RFC 3875, 4.4: a query string without "=" arrives as arguments, and is the sender's.
subtest 'a plain CGI program takes no arguments' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres);
	my $hostile = Rig::Worker->configured(auth => { allow_anonymous => 'yes' });
	for my $variable (qw(GATEWAY_INTERFACE REQUEST_METHOD)) {
		for my $arguments ('-V', '-h', '-n', '-c /dev/stdin', "-c $hostile->{config}", '-c/etc/passwd',
		    '-- more', '-x', 'name') {
			local %ENV = (%ENV, $variable => 'POST', PATH_INFO => '/wrong',
				CALLRESULTD_CONF => $worker->{config});
			my $output = qx{@{[Rig::Worker->binary]} $arguments <$hostile->{config} 2>$worker->{log}};
			is $?, 0, "$variable, $arguments: exits 0";
			like $output, qr/^Status: 403 Forbidden\r\n/, 'and is refused as without them';
			is $worker->log_text, '', 'no configuration but its own is read';
		}
	}
};

subtest 'anonymous pushes' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, auth => { allow_anonymous => 'yes' });
	$worker->wait_until_ready;
	is $worker->request('POST', '', $example)->{status}, 200, 'are taken when allowed';
	is $worker->stop, 0, 'ends well';
};

subtest 'SIGHUP' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
	write_file("$worker->{base}.tokens", "test:$token\nnew:fresh\n");
	$worker->signal('HUP');
	ok wait_for(sub { $worker->request('POST', '/fresh', '[]')->{status} == 200 }), 'a new token is known';
	write_file("$worker->{base}.tokens", "this is no tokens file\n");
	$worker->signal('HUP');
	ok wait_for(sub { $worker->log_text =~ /tokens, line 1/ }), 'a bad file is named';
	ok wait_for(sub { $worker->log_text =~ /error: reload failed: /m }), 'and that nothing changes';
	is $worker->request('POST', '/fresh', '[]')->{status}, 200, 'what was in force stays';
	unlike $worker->log_text, qr/this is no/, 'and its text is not shown';
	is $worker->stop, 0, 'ends well';
};

# A connection that goes on sending its body a byte at a time, from a process of its own.
sub drip {
	my ($worker, $path) = @_;
	my $connection = $worker->connection;
	$connection->begin({ REQUEST_METHOD => 'POST', PATH_INFO => $path, CONTENT_LENGTH => 1_000_000 });
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		for (1 .. 600) { $connection->send_body('[') or last; select undef, undef, undef, 0.1; }
		POSIX::_exit(0);
	}
	return $connection;
}

subtest 'bad peers' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, server => { threads => 4 })->wait_until_ready;
	my %push = (REQUEST_METHOD => 'POST', PATH_INFO => "/$token", CONTENT_LENGTH => length $example);
	my @silent = map { $worker->connection } 1 .. 200;
	is $worker->push_body($example)->{status}, 200, '200 silent connections hold none of 4 threads';

	my @kept = map { $worker->connection } 1 .. 50;
	is scalar(grep { $_->request(\%push, $example, 1)->{status} == 200 } @kept, @kept, @kept), 150,
	    '50 kept connections serve one push after the other';
	my $kept = $kept[0];
	my %wrong = (%push, PATH_INFO => '/wrong', CONTENT_LENGTH => 1_000_000);
	is $kept->request(\%wrong, 'x' x 1_000_000, 1)->{status}, 403,
	    'a refused push with a large body on a kept connection';
	is $kept->request(\%push, $example, 1)->{status}, 200, 'does not spoil the next';

	for my $at (0, 1, 50, length($example) - 1) {
		my $connection = $worker->connection;
		$connection->begin(\%push);
		$connection->send_body(substr $example, 0, $at);
		$connection->close;
	}
	my $garbage = $worker->connection;
	$garbage->send_bytes("GET / HTTP/1.0\r\n\r\n" x 100);
	ok $garbage->is_closed, 'what is no FastCGI is shown the door';
	is $worker->push_body($example)->{status}, 200, 'peers that leave in the middle harm nobody';

	$worker->send_push(body(record(called => 'gone')))->close;
	ok wait_for(sub { $postgres->sql(q{select count(*) from callresult.call_result where called = 'gone'}) == 1 }),
	    'who leaves after the body has its record stored';
	is $worker->stop, 0, 'ends well';
};

subtest 'peers that send a byte now and then' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, server => { threads => 2 })->wait_until_ready;
	my ($refused, $taken) = map { drip($worker, $_) } '/wrong', "/$Rig::Worker::token";
	is $refused->answer->{status}, 403, 'what is refused is told so before its body has come';
	my $start = time;
	is $worker->push_body($example)->{status}, 200, 'one refused and one taken hold two threads, but not for long';
	$refused = drip($worker, '/wrong');
	is $taken->answer->{status}, 400, 'a body that comes too slowly is given up';
	like $postgres->sql(q{select convert_from(raw, 'UTF8') from callresult.quarantine where reason like '%shorter%'
		order by id desc limit 1}),
	    qr/^\[+$/, 'and what came of it is kept';
	is $worker->push_body($example)->{status}, 200, 'the threads are free again';
	is $worker->stop, 0, 'it ends well';
};

subtest 'idle connections leave descriptors to the database' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres, database => { writers => 2 });
	$worker->start(prefix => ['prlimit', '--nofile=64', '--'])->wait_until_ready;
	$postgres->stop('fast');
	my @idle = map { $worker->connection } 1 .. 100;
	my $body = body(record(called => 'reconnected'));
	# over one of them, which stays: nothing is closed that the database could have instead
	my %push = (REQUEST_METHOD => 'POST', PATH_INFO => "/$token", CONTENT_LENGTH => length $body);
	is $idle[-1]->request(\%push, $body, 1)->{status}, 200, 'a push is taken while the database is away';
	$postgres->start;
	my $count = q{select count(*) from callresult.call_result where called = 'reconnected'};
	ok wait_for(sub { $postgres->sql($count) == 1 }), 'and stored over a new connection when it is back';
	is $worker->stop, 0, 'ends well';
};

subtest 'too few descriptors' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres, server => { threads => 4 });
	$worker->start(prefix => ['prlimit', '--nofile=40', '--'])->wait_until_ready;
	my @many = map { $worker->connection } 1 .. 60;
	ok wait_for(sub { $worker->log_text =~ /too many connections/ }), 'that they are short is logged';
	is $worker->push_body($example)->{status}, 200, 'idle connections make room for a push';
	$_->close for @many;
	is $worker->push_body($example)->{status}, 200, 'and it serves on';
	is $worker->stop, 0, 'ends well';
};

subtest 'SIGTERM' => sub {
	for my $threads (1, 64) {
		my $worker = Rig::Worker->start_new(postgres => $postgres, server => { threads => $threads });
		is $worker->wait_until_ready->stop, 0, "ends $threads idle threads";
	}
	my $worker = Rig::Worker->start_new(postgres => $postgres, server => { threads => 16 })->wait_until_ready;
	my $lock = $postgres->hold('lock table callresult.push');
	my @connections = map { $worker->send_push(body(record(called => "last$_"))) } 1 .. 16;
	ok $postgres->waits_in_store, 'pushes are in flight';
	$worker->signal('TERM');
	$worker->signal('TERM');
	$postgres->let_go($lock);
	is scalar(grep { my $answer = $_->answer; $answer && $answer->{status} == 200 } @connections), 16,
	    'all of them are answered';
	ok wait_for(sub { defined($worker->{status} = reap($worker->{pid})) }), 'it ends';
	is $worker->{status}, 0, 'with status 0, a second signal being harmless';
	is $postgres->sql(q{select count(*) from callresult.call_result where called like 'last%'}), 16,
	    'all are stored';
};

subtest 'SIGTERM while the replay hangs' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, server => { reply_deadline => '1s' });
	$worker->wait_until_ready;
	my $lock = $postgres->hold('lock table callresult.push');
	my $sender = $worker->send_push(body(record(called => 'waits')));
	# the backend of the push may be there for a moment after it is answered
	my $writer = $postgres->waits_in_store;
	is $sender->answer->{status}, 200, 'a push is spooled';
	my $backend = $postgres->waits_in_store($writer);
	ok $backend, 'the replay has it in hand';
	kill 'STOP', $backend;
	$postgres->let_go($lock);
	ok $worker->finds_database, 'pushes have connections';
	$worker->signal('TERM');
	ok wait_for(sub { read_file("/proc/$worker->{pid}/status") =~ /^ShdPnd:\t0+$/m }), 'the worker has its signal';
	is eval { $worker->push_body(body(record(called => 'meanwhile')))->{status} }, 200, 'and goes on taking pushes';
	ok wait_for(sub { defined($worker->{status} = reap($worker->{pid})) }), 'it ends';
	is $worker->{status}, 0, 'well';
	kill 'CONT', $backend;
	unlink $worker->{log};
	is $worker->start->wait_until_ready->drains, 1, 'the next one has nothing left';
	is $worker->stop, 0, 'and ends well';
	is $postgres->sql(q{select count(*) from callresult.call_result where called in ('waits', 'meanwhile')}), 2,
	    'all is stored';
};
done_testing;
