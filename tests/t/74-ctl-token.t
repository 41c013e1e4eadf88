#!/usr/bin/perl
# callresultctl token and push: secrets made, kept and taken away, and a set-up tried as the platform would.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);
use Rig qw(folder wait_for reap spawn read_file write_file free_port);
use Rig::Ctl qw(ctl ctl_json exits administrator);
use Rig::Nginx;
use Rig::Postgres;
use Rig::Push qw(record body $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
my $tokens = "$worker->{base}.tokens";
my @ctl = ('-c', $worker->{config});
my $body = write_file(folder() . '/body', body(map { record(called => "p$_") } 1 .. 2));

sub mode { return sprintf '%o', (stat $_[0])[2] & 07777 }

subtest 'new' => sub {
	my $before = "# first line\r\n\nodd name:abc\n" . read_file($tokens) . '# no end of line';
	write_file($tokens, $before);
	chmod 0604, $tokens;
	chown 1, 2, $tokens if $> == 0;
	my $inode = (stat $tokens)[1];
	my $run = ctl(@ctl, 'token', 'new', 'north');
	exits($run, 0, 'a token');
	like $run->{out}, qr{^https://HOST/callresult/[0-9a-f]{32}\n\z}, 'the URL and nothing else';
	like $run->{err}, qr/SIGHUP/, 'with a word on how it comes into force';
	my ($token) = $run->{out} =~ /([0-9a-f]{32})/;
	unlike $run->{err}, qr/$token/, 'without it';
	is read_file($tokens), "$before\nnorth:$token\n", 'every other line stays as it is';
	is mode($tokens), '604', 'so does the mode';
	is join('.', (stat $tokens)[4, 5]), $> == 0 ? '1.2' : join('.', $>, (split / /, $))[0]), 'and the owner';
	isnt +(stat $tokens)[1], $inode, 'the file is another one: nobody has read half of it';
	is_deeply [glob "$worker->{base}.run/../.tokens*"], [], 'and no other is left';
	my ($json) = ctl_json(@ctl, 'token', 'new', 'south', '--url', 'https://example.org/push/', '--json');
	like $json->{url}, qr{^https://example\.org/push/[0-9a-f]{32}\z}, '--url';
	unlike $json->{url}, qr/$token/, 'another token';
	my $kept = read_file($tokens);
	exits(ctl(@ctl, 'token', 'new', 'north'), 1, 'a name that is there');
	exits(ctl(@ctl, 'token', 'new', $_), 2, 'a bad name') for '', '#x', 'a:b', "a\nb";
	exits(ctl(@ctl, 'token', 'new', 'x', '--url', 'ftp://x'), 2, 'a bad URL');
	is read_file($tokens), $kept, 'nothing came of these';
	chmod 0644, $tokens;
};

subtest 'in force' => sub {
	my ($token) = read_file($tokens) =~ /^north:(.*)$/m;
	is $worker->request('POST', "/$token", $example)->{status}, 403, 'not yet';
	$worker->signal('HUP');
	ok wait_for(sub { $worker->request('POST', "/$token", $example)->{status} == 200 }), 'after SIGHUP';
};

subtest 'list and revoke' => sub {
	my ($list, $run) = ctl_json(@ctl, 'token', 'list', '--json');
	is_deeply [map { $_->{name} } @$list], ['odd name', 'test', 'north', 'south'], 'the names';
	unlike $run->{out}, qr/\Q$Rig::Worker::token\E|[0-9a-f]{32}/, 'and no token';
	my $plain = ctl(@ctl, 'token', 'list');
	exits($plain, 0, 'plain');
	is $plain->{out} =~ s/ .*//mgr, "name\nodd\ntest\nnorth\nsouth\n", 'has a line each';
	exits(ctl(@ctl, 'token', 'revoke', 'south'), 0, 'revoke');
	unlike read_file($tokens), qr/south/, 'it is gone';
	like read_file($tokens), qr/^# first line\r\n\nodd name:abc\n.*^# no end of line\nnorth:/ms, 'and nothing else';
	exits(ctl(@ctl, 'token', 'revoke', 'south'), 1, 'once more');
	exits(ctl(@ctl, 'token', 'revoke', $_), 0, "revoke $_") for 'odd name', 'north';
	my $last = ctl(@ctl, 'token', 'revoke', 'test');
	exits($last, 1, 'not the last one');
	like $last->{err}, qr/would keep accepting it/, 'which would stay in force';
	like read_file($tokens), qr/^test:/m, 'and is there still';
};

subtest 'uses' => sub {
	my @asked = (@ctl, '-d', administrator($postgres), 'token', 'list');
	my $before = $postgres->sql(q{select count(*) from callresult.push where source = 'test'});
	$worker->push_body($example) for 1 .. 3;
	my ($list) = ctl_json(@asked, '--json');
	my %use = map { ($_->{name} => $_) } @$list;
	is $use{test}{pushes}, $before + 3, 'pushes by a token';
	is $use{test}{last_push_at}, $postgres->sql(q{select to_char(max(received_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
		from callresult.push where source = 'test'}), 'and the last of them';
	exits(ctl(@ctl, 'token', 'new', 'unused'), 0, 'a token that nobody uses');
	($list) = ctl_json(@asked, '--json');
	is_deeply [map { @$_{qw(pushes last_push_at)} } grep { $_->{name} eq 'unused' } @$list], [0, undef], 'was used never';
	my ($unknown, $run) = ctl_json(@ctl, '-d', 'host=/nonexistent dbname=x', 'token', 'list', '--json');
	exits($run, 0, 'no database');
	is_deeply [map { $_->{pushes} } @$unknown], [undef, undef], 'how often is not known';
	like $run->{err}, qr/cannot show how the tokens are used/, 'which is said';
	exits(ctl(@ctl, 'token', 'revoke', 'unused'), 0, 'it can go');
};

subtest 'rotate' => sub {
	my ($old) = read_file($tokens) =~ /^test:(.*)$/m;
	my $run = ctl(@ctl, 'token', 'rotate', 'test', '--url', 'https://example.org/push');
	exits($run, 0, 'rotate');
	my ($new) = $run->{out} =~ m{^https://example\.org/push/([0-9a-f]{32})\n\z} or diag $run->{out};
	like read_file($tokens), qr/^test-old:\Q$old\E$/m, 'the old token has another name';
	like read_file($tokens), qr/^test:$new$/m, 'the new one has its own';
	like $run->{err}, qr/SIGHUP.*token revoke test-old/s, 'what to do next is said';
	$worker->signal('HUP');
	ok wait_for(sub { $worker->request('POST', "/$new", $example)->{status} == 200 }), 'the new one is in force';
	is $worker->request('POST', "/$old", $example)->{status}, 200, 'so is the old one';
	is $postgres->sql(q{select count(*) from callresult.push where source = 'test-old'}), 1, 'whose pushes are told from the others';
	my $kept = read_file($tokens);
	exits(ctl(@ctl, 'token', 'rotate', 'test'), 1, 'not again before the old one is revoked');
	exits(ctl(@ctl, 'token', 'rotate', 'nobody'), 1, 'not what is not there');
	exits(ctl(@ctl, 'token', 'rotate', 'a:b'), 2, 'a bad name');
	is read_file($tokens), $kept, 'nothing came of these';
	write_file($tokens, $kept =~ s/^test:.*\n//mr =~ s/^test-old:/test:/mr);
	$worker->signal('HUP');
	ok wait_for(sub { $worker->request('POST', "/$new", '[]')->{status} == 403 }), 'the new one is gone again';
};

subtest 'files that cannot be changed' => sub {
	my $kept = read_file($tokens);
	write_file($tokens, "${kept}nonsense\n");
	my $run = ctl(@ctl, 'token', 'new', 'x');
	exits($run, 1, 'a bad line');
	my $line = 1 + ($kept =~ tr/\n//);
	like $run->{err}, qr/^callresultctl: error: tokens file \Q$tokens\E, line $line: expected "name:token"/, 'is named';
	is read_file($tokens), "${kept}nonsense\n", 'is left alone';
	write_file($tokens, "\xef\xbb\xbf# as an editor saves it\n$kept");
	exits(ctl(@ctl, 'token', 'new', 'x'), 0, 'a byte order mark is no part of a line');
	like read_file($tokens), qr/\A\xef\xbb\xbf# .*^x:\w+$/ms, 'and stays';
	write_file($tokens, $kept);
	my $other = Rig::Worker->configured(auth => { tokens => folder() . '/linked' });
	symlink $tokens, folder() . '/linked' or die;
	exits(ctl('-c', $other->{config}, 'token', 'new', 'linked'), 0, 'a symbolic link');
	ok -l folder() . '/linked', 'stays one';
	like read_file($tokens), qr/^linked:/m, 'and the file it leads to is changed';
	my $fresh = Rig::Worker->configured(auth => { tokens => folder() . '/fresh' });
	exits(ctl('-c', $fresh->{config}, 'token', 'new', 'first'), 0, 'a file that was not there');
	is mode(folder() . '/fresh'), '640', 'has mode 0640';
	exits(ctl('-c', $fresh->{config}, 'token', 'revoke', 'nobody'), 1, 'no such name');
	my $nowhere = Rig::Worker->configured(auth => { tokens => '/nonexistent/tokens' });
	exits(ctl('-c', $nowhere->{config}, 'token', $_->[0], $_->[1] // ()), 1, "no folder: $_->[0]") for ['new', 'x'], ['list'];
};

subtest 'many at once, and killed' => sub {
	my @pids = map { spawn([Rig::Ctl::binary(), @ctl, 'token', 'new', "many-$_"]) } 1 .. 12;
	kill 'KILL', $pids[$_] for 3, 6, 9;
	ok wait_for(sub { @pids = grep { !defined reap($_) } @pids; !@pids }, 60), 'all end';
	my $text = read_file($tokens);
	cmp_ok scalar(() = $text =~ /^many-\d+:[0-9a-f]{32}$/mg), '>=', 9, 'none overwrote another';
	is system(Rig::Worker::binary() . " -n -c $worker->{config} >/dev/null") >> 8, 0,
	    'and the file is whole';
	my ($token) = $text =~ /^many-12:(.*)$/m;
	$worker->signal('HUP');
	ok wait_for(sub { $worker->request('POST', "/$token", '[]')->{status} == 200 }), 'and comes into force';
};

# --- push ---

my $nginx = Rig::Nginx->start_new(worker => $worker);
my $mount = "$nginx->{url}/callresult";
my $url = "$mount/$Rig::Worker::token";
my $url_file = write_file(folder() . '/url', "$url\n");

subtest 'push' => sub {
	my ($json, $run) = ctl_json('push', '--json', $url, $body);
	exits($run, 0, 'it is taken');
	is scalar(@$json), 1, 'at once';
	is $json->[0]{status}, 200, 'status';
	is $json->[0]{answer}, $success, 'answer';
	is $postgres->sql(q{select count(*) from callresult.call_result where called like 'p%'}), 2, 'and stored';
	exits(ctl('push', '--url-file', $url_file, $body), 0, 'the URL from a file');
	exits(ctl({ stdin => "$url\n" }, 'push', '-', $body), 0, 'from standard input');
	exits(ctl(@ctl, 'push', '--token', 'test', $mount, $body), 0, 'with a token by its name');
	exits(ctl(@ctl, 'push', '--token', 'test', "$mount/", $body), 0, 'a slash at the end of the mount');
	like ctl('push', $url, $body)->{out}, qr/^push +status +seconds +answer\n +1 +200 +\d+\.\d+ +\{"retCode":"0"/, 'plain';
	is $postgres->sql('select count(*) from callresult.push where records = 2'), 6, 'each was a push';
};

subtest 'what is refused' => sub {
	my ($json, $run) = ctl_json('push', '--json', "$mount/wrong-token-0123456789", $body);
	exits($run, 1, 'a wrong token');
	is_deeply [map { $_->{status} } @$json], [403, 403], 'twice, as the platform does';
	unlike $run->{out} . $run->{err}, qr/wrong-token/, 'and the token is not shown';
	($json, $run) = ctl_json('push', '--json', '--times', '5', '--wait', '1', "$mount/wrong", $body);
	is scalar(@$json), 5, 'five times';
	my $start = time;
	ctl('push', '--times', '5', '--wait', '1', "$mount/wrong", $body);
	cmp_ok time - $start, '>=', 2, 'with two waits between';
	($json, $run) = ctl_json('push', '--json', 'http://127.0.0.1:' . free_port() . '/callresult/geheim', $body);
	exits($run, 1, 'nobody there');
	is $json->[0]{status}, undef, 'no status';
	like $json->[0]{answer}, qr/connect/i, 'but a reason';
	unlike $run->{out} . $run->{err}, qr/geheim/, 'without the token';
	exits(ctl('push', $url, '/nonexistent'), 1, 'no file');
	exits(ctl('push', 'file:///etc/passwd', $body), 1, 'no web address');
	exits(ctl(@ctl, 'push', '--token', 'nobody', $mount, $body), 1, 'no token of that name');
	exits(ctl('push', '--url-file', '/nonexistent', $body), 1, 'no file with a URL');
	exits(ctl('push', @$_), 2, "@$_: a bad command line") for [$body], ['--url-file', $url_file, $mount, $body],
	    ['--url-file', 'x', '--token', 'y', $body], ['--times', '7', $url, $body], ['--wait', '-1', $url, $body];
};

subtest 'a server that quotes the URL' => sub {
	for my $ending ('/geheim', '?token=geheim', '/xxx') {
		my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die;
		unlink folder() . '/quoted';
		my $pid = spawn([Rig::Ctl::binary(), 'push', '--times', '1', '--json',
			'http://127.0.0.1:' . $server->sockport . "/callresult$ending", $body], log => folder() . '/quoted');
		my $peer = $server->accept;
		my $request = '';
		1 while sysread $peer, $request, 65_536, length $request and $request !~ /\}\]\z/;
		my ($token) = $ending =~ /(\w+)\z/;
		print $peer "HTTP/1.1 500 No\r\nConnection: close\r\n\r\nno $token, and no $token";
		close $peer;
		my $status;
		ok wait_for(sub { defined($status = reap($pid)) }, 60), "$ending: it ends";
		my ($push) = @{ decode_json(read_file(folder() . '/quoted')) };
		is $push->{answer}, 'no ' . 'x' x length($token) . ', and no ' . 'x' x length $token, 'without the token';
	}
};

subtest 'it recovers' => sub {
	$worker->stop;
	# somebody in its place who hangs up on the first two pushes
	my $absent = $worker->handed_over_socket;
	$absent->timeout(60);
	my $pid = spawn([Rig::Ctl::binary(), 'push', '--times', '6', '--wait', '2', '--json', $url, $body], log => folder() . '/push');
	unlink $worker->{log};
	close($absent->accept // die "no push: $!") for 1 .. 2;
	close $absent;
	$worker->start->wait_until_ready;
	my $status;
	ok wait_for(sub { defined($status = reap($pid)) }, 60), 'it ends';
	is $status, 0, 'taken in the end';
	my @statuses = map { $_->{status} } @{ decode_json(read_file(folder() . '/push')) };
	like "@statuses", qr/^502 502 (?:502 )*200$/, 'once the worker is there again';
};

subtest 'the list of processes' => sub {
	my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die;
	my $pid = spawn([Rig::Ctl::binary(), 'push', 'http://127.0.0.1:' . $silent->sockport . '/callresult/geheim', $body]);
	my $peer = $silent->accept;
	unlike read_file("/proc/$pid/cmdline"), qr/geheim/, 'shows no token while it pushes';
	sysread $peer, my $request, 65_536;
	like $request, qr{^POST /callresult/geheim HTTP/1\.1\r\nHost: [^\r]+\r\nContent-Length: \d+\r\n\r\n}, 'no header but these two';
	Rig::stop_process($pid, 'KILL');
};

unlike $nginx->logs, qr/\Q$Rig::Worker::token\E/, 'nothing private in the log of nginx';
is $worker->stop, 0, 'the worker ends well';
done_testing;
