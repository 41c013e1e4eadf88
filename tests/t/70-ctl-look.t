#!/usr/bin/perl
# callresultctl: the command line, status and doctor.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);
use Rig qw(folder free_port wait_for read_file write_file);
use Rig::Ctl qw(ctl ctl_json exits administrator);
use Rig::Postgres;
use Rig::Push qw(record body $success);
use Rig::Worker;

my @commands = ('status', 'doctor', 'import', 'reconcile', 'report', 'spool list', 'spool show', 'spool drain', 'spool export', 'quarantine list',
	'quarantine show', 'quarantine retry', 'quarantine resolve', 'token new', 'token rotate', 'token list', 'token revoke', 'push');

subtest 'the command line' => sub {
	my $help = ctl('--help');
	exits($help, 0, '--help');
	for my $command (@commands) {
		like $help->{out}, qr/^  \Q$command\E +\w/m, "--help has $command";
		my $own = ctl(split(/ /, $command), '--help');
		exits($own, 0, "$command --help");
		like $own->{out}, qr/^usage: callresultctl .*\Q$command\E.*\n\w/, 'shows its synopsis and what it does';
		is ctl('help', split / /, $command)->{out}, $own->{out}, "help $command is the same";
		exits(ctl(split(/ /, $command), '--no-such-option'), 2, "$command with a bad option");
	}
	exits(ctl('-V'), 0, '-V');
	exits(ctl(), 2, 'no command');
	exits(ctl('nonsense'), 2, 'no such command');
	exits(ctl('spool'), 2, 'half a command');
	exits(ctl('spool', 'lsit'), 2, 'no such command of a group');
	like ctl('spool', 'lsit')->{err}, qr/^  spool list .*spool has only these commands$/ms, 'and which there are';
	exits(ctl('import'), 2, 'too few arguments');
	exits(ctl('status', 'now'), 2, 'too many arguments');
	exits(ctl('-x', 'status'), 2, 'a bad option in front');
	exits(ctl('--json', 'spool', 'show', '1'), 2, 'JSON where there is none');
	exits(ctl('-c', '/nonexistent', 'status'), 1, 'no configuration');
	for my $secret ('host=/tmp password=geheim', 'postgresql://me:geheim@localhost/x') {
		my $run = ctl('-d', $secret, 'status');
		exits($run, 2, 'a password on the command line is refused');
		like $run->{err}, qr/list of processes.*PGPASSFILE/s, 'with the reason and the way out';
		unlike $run->{err}, qr/geheim/, 'and not shown';
	}
	unlike ctl('psuh', 'https://x/callresult/geheim')->{err}, qr/geheim/, 'a URL in the wrong place is not shown';
};

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
my @as_owner = ('-c', $worker->{config}, '-d', administrator($postgres));
my @as_worker = ('-c', $worker->{config});
my $push = '/' . $Rig::Worker::token;
# status counts the pushes of today
sleep 1 while (localtime(time + 120))[3] != (localtime)[3];
is $worker->push_body(body(map { record(called => $_) } 1 .. 3))->{body}, $success, 'a push of three';
is $worker->push_body(body(record(called => 1), record(called => 2, customField => 'new'), { campaignId => 1 }))->{body},
    $success, 'a push of a duplicate, an update and a bad record';
is $worker->push_body('[{')->{status}, 400, 'a bad body';

sub finding {
	my ($json, $what) = @_;
	return (grep { $_->{what} =~ $what } @{ $json->{findings} })[0] // { severity => 'none', what => '' };
}

subtest 'status' => sub {
	my ($json, $run) = ctl_json(@as_owner, 'status', '--json');
	exits($run, 0, 'all is well');
	ok $json->{worker}{serving} && $json->{worker}{listening} && $json->{database}{reachable} && $json->{database}{takes_writes}, 'flags are true';
	is $json->{database}{schema_step}, $postgres->sql('select max(step) from callresult.schema_version'), 'the step';
	is $json->{database}{problem}, undef, 'no problem is null';
	for my $row (@{ $json->{received} }) {
		is join('|', @$row{qw(pushes spooled records inserted updated duplicates quarantined)}),
		    $postgres->sql('select count(*), count(*) filter (where spooled), sum(records), sum(inserted), sum(updated),
			sum(duplicates), sum(quarantined) from callresult.push'), "$row->{period}: as SQL has it";
	}
	is $json->{received}[0]{records}, 6, 'six records';
	# received and answered, which is what the worker tells, may lie on two sides of a second, or of more where it is busy
	like $json->{worker}{last_push_at}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/, 'the last push';
	is $postgres->sql("select abs(extract(epoch from max(received_at) - '$json->{worker}{last_push_at}')) < 30 from callresult.push"),
	    't', 'when it was';
	is join("\n", map { join '|', @$_{qw(reason open seen)} } @{ $json->{quarantine} }), $postgres->sql(
		'select reason, count(*), sum(seen) from callresult.quarantine where resolved_at is null group by 1 order by 2 desc, 1'),
	    'the quarantine';
	is $json->{spool}{pushes}, 0, 'an empty spool';
	my $plain = ctl(@as_owner, 'status');
	exits($plain, 0, 'plain');
	like $plain->{out}, qr/^reachable +yes$/m, 'a line a figure';
	like $plain->{out}, qr/^today +\S+ \S+ +3 +0 +6 +3 +1 +1 +1$/m, 'a row a period';
	unlike $plain->{out}, qr/ $/m, 'no line ends with blanks';
	is $plain->{err}, '', 'nothing on standard error';
	exits(ctl('--json', @as_owner, 'status'), 0, '--json in front');
	my ($own, $own_run) = ctl_json(@as_worker, 'status', '--json');
	exits($own_run, 0, "with the worker's own role, which may read no table");
	is $own->{now}{verdict}, 'callresultd is serving and connected to its database', 'the verdict comes first';
	is $own->{now}{pushes}, 'are stored in the database and answered 200', 'and what becomes of pushes';
	is_deeply [map { $_->{period} } @{ $own->{received} }], ['since its start'], 'the figures are the worker\'s own';
	is join('|', @{ $own->{received}[0] }{qw(pushes spooled records inserted updated duplicates quarantined)}),
	    $postgres->sql('select count(*), 0, sum(records), sum(inserted), sum(updated), sum(duplicates), sum(quarantined)
		from callresult.push'), 'and right';
	is $own->{worker}{last_push_at}, $json->{worker}{last_push_at}, 'the last push as well';
	like $plain->{out}, qr/\Anow\n *verdict +callresultd is serving/, 'plain, too';
};

subtest 'for people' => sub {
	my $screen = sub { my ($environment, @with) = @_; return scalar qx{@{[join ' ', "$environment script -qec '",
		Rig::Ctl::binary(), '-c', $worker->{config}, @with, "' /dev/null </dev/null"]}} };
	like $screen->('TERM=xterm', 'status'), qr/^verdict +\e\[32mcallresultd is serving and connected to its database\e\[m\r$/m, 'a verdict in green';
	like $screen->('TERM=xterm', 'doctor'), qr/^\e\[33mwarning\e\[m +tokens shorter than/m, 'a warning in yellow';
	unlike $screen->('TERM=xterm NO_COLOR=1', 'status'), qr/\e\[/, 'no colours with NO_COLOR';
	unlike $screen->('TERM=dumb', 'status'), qr/\e\[/, 'nor on a dumb terminal';
	my $plain = ctl(@as_worker, 'status')->{out};
	unlike $plain, qr/\e/, 'nor in a file';
	like $plain, qr/^max size +10 GiB$/m, 'sizes in units';
	like $plain, qr/^last push at +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/m, 'local time';
	like $plain, qr/^last push age +(\d+ min )?\d+ s$/m, 'times with their units';
};

subtest 'an import is no push' => sub {
	my $file = write_file(folder() . '/imported.json', body(record(called => 'imported')));
	my $stopped = Rig::Worker->configured(postgres => $postgres);
	my $before = (ctl_json('-c', $stopped->{config}, '-d', administrator($postgres), 'status', '--json'))[0]{worker}{last_push_at};
	sleep 1.1;
	exits(ctl('-c', $stopped->{config}, 'import', $file), 0, 'imported');
	my ($json) = ctl_json('-c', $stopped->{config}, '-d', administrator($postgres), 'status', '--json');
	is $json->{worker}{last_push_at}, $before, 'the last push is the same';
	like $json->{now}{verdict}, qr/^callresultd is not running: nothing listens on unix:/, 'a worker that does not run';
	like $json->{now}{pushes}, qr/^are answered 502 by the web server/, 'and what becomes of pushes';
	$postgres->sql(q{delete from callresult.call_result where called = 'imported'});
};

subtest 'doctor' => sub {
	exits(ctl(@as_owner, 'doctor'), 2, 'another connection than the worker has is none to look at');
	my ($json, $run) = ctl_json(@as_worker, 'doctor', '--json');
	is_deeply [grep { $_->{severity} eq 'FAULT' && $_->{what} !~ /tmpfs|MiB left/ } @{ $json->{findings} }], [], 'no fault';
	is $json->{summary}{faults}, scalar(grep { $_->{severity} eq 'FAULT' } @{ $json->{findings} }), 'the sum is right';
	is finding($json, $_)->{severity}, 'ok', "fine: $_"
	    for qr/^fsync is on/, qr/^full_page_writes/, qr/^synchronous_commit/, qr/UTF8/, qr/schema is at step/,
	    qr/call_timezone Asia/, qr/privileges it needs/, qr/no more privileges than it needs/, qr/role is allowed the/,
	    qr/push_default/, qr/clock agrees/, qr/spool is empty/, qr/listens/, qr/no password/, qr/no trigger/, qr/unlogged/;
	is finding($json, qr/tokens shorter than/)->{severity}, 'warning', 'a short token';
	is finding($json, qr/tokens is world-readable/)->{severity}, 'warning', 'a tokens file that all can read';
	for my $finding (grep { $_->{severity} =~ /FAULT|warning/ } @{ $json->{findings} }) {
		ok $finding->{why} && $finding->{cure}, "why and cure: $finding->{what}";
	}
	like ctl(@as_worker, 'doctor')->{out}, qr/^warning +tokens shorter than.*\n +why: .*\n +cure: /m, 'plain';
};

# status as it finds another worker's socket, perhaps run by another user
sub worker_seen {
	my ($other, $user) = @_;
	my @run = ctl_json(@{ defined $user ? [{ as => $user }] : [] }, '-c', $other->{config}, 'status', '--json');
	return map { $_ ? 'yes' : defined $_ ? 'no' : 'unknown' } @{ $run[0]{worker} }{qw(serving listening)};
}

subtest 'whose connections they are' => sub {
	my $held = $postgres->hold('lock callresult.quarantine');
	my $pid = Rig::spawn([Rig::Ctl::binary(), @as_owner, 'quarantine', 'list']);
	my $names = 'select string_agg(distinct application_name, $$ $$ order by application_name) from pg_stat_activity
		where datname = $$callresult$$ and application_name like $$callresult%$$';
	ok wait_for(sub { $postgres->sql($names) eq 'callresultctl callresultd' }), 'the server knows callresultctl from callresultd'
	    or diag $postgres->sql($names);
	$postgres->let_go($held);
	ok wait_for(sub { defined Rig::reap($pid) }), 'it ends';
};

subtest 'a socket without its service' => sub {
	my $other = Rig::Worker->configured(postgres => $postgres);
	is_deeply [worker_seen($other)], ['no', 'no'], 'nobody listens';
	my $socket = $other->handed_over_socket;
	is_deeply [worker_seen($other)], ['no', 'yes'], 'somebody else does, such as systemd';
	my ($doctor) = ctl_json('-c', $other->{config}, 'doctor', '--json');
	is finding($doctor, qr/callresultd does not run/)->{severity}, 'warning', 'doctor says so';
	$socket->blocking(0);
	ok !$socket->accept, 'and nobody has knocked, which would have started it';
	$other->start(stdin => $socket);
	is_deeply [worker_seen($other)], ['yes', 'yes'], 'callresultd does';
	if ($> == 0) {
		is_deeply [worker_seen($other, 'www-data')], ['yes', 'yes'], 'seen by a user who may only knock';
		is_deeply [worker_seen($other, 'nobody')], ['unknown', 'yes'], 'and by one who may not';
	}
	$other->stop;
	my $network = Rig::Worker->configured(postgres => $postgres, server => { listen => '127.0.0.1:' . free_port() });
	is_deeply [worker_seen($network)], ['no', 'no'], 'nor at an address of TCP';
	$network->start;
	is_deeply [worker_seen($network)], ['yes', 'yes'], 'until it is there';
	$network->stop;
};

# each wrong thing is found, and is a fault or not
sub finds {
	my ($name, $severity, $what, $break, $mend) = @_;
	$break->();
	my ($json, $run) = ctl_json(@as_worker, 'doctor', '--json');
	my $finding = finding($json, $what);
	is $finding->{severity}, $severity, "found: $name" or diag $run->{out};
	ok $finding->{cure}, 'with a cure';
	is $run->{status}, 1, 'the exit status says so' if $severity eq 'FAULT';
	$mend->();
	return;
}

sub role { my ($text) = @_; return sub { $postgres->sql($text) } }

finds('synchronous_commit', 'warning', qr/^synchronous_commit is off/, role('alter role worker set synchronous_commit = off'),
	role('alter role worker reset synchronous_commit'));
finds('a read-only role', 'FAULT', qr/read-only/, role('alter role worker set default_transaction_read_only = on'),
	role('alter role worker reset default_transaction_read_only'));
finds('a missing privilege', 'FAULT', qr/may not execute/,
	role('revoke execute on function callresult.store from callresult_writer'),
	role('grant execute on function callresult.store to callresult_writer'));
finds('a superuser', 'warning', qr/is a superuser/, role('alter role worker superuser'), role('alter role worker nosuperuser'));
finds('tables it may read', 'warning', qr/may read or change tables \(1\)/, role('grant select on callresult.quarantine to worker'),
	role('revoke select on callresult.quarantine from worker'));
finds('a schema too old', 'FAULT', qr/at step 1,/, sub {
	$postgres->sql('create table kept as select * from callresult.schema_version');
	$postgres->sql('update callresult.schema_version set step = 1');
}, sub {
	$postgres->sql('delete from callresult.schema_version');
	$postgres->sql('insert into callresult.schema_version select * from kept');
});
finds('no schema', 'FAULT', qr/not installed/, role('alter schema callresult rename to away'),
	role('alter schema away rename to callresult'));
finds('a trigger that is off', 'FAULT', qr/disabled triggers: \d/, role('alter table callresult.call_result disable trigger user'),
	role('alter table callresult.call_result enable trigger user'));
finds('a large default partition', 'warning', qr/call_result_default has grown/, sub {
	$postgres->sql(q{insert into callresult.call_result_default (campaign_id, called, call_status, push_id, received_at,
		custom_field) select 'big', n::text, 5, gen_random_uuid(), now(), repeat(md5(n::text), 40)
		from generate_series(1, 110000) n});
}, sub { $postgres->sql(q{truncate callresult.call_result_default}) });
finds('a spool with a damaged one beside it', 'FAULT', qr/damaged spool/, sub { write_file("$worker->{base}.spool.damaged-1", '') },
	sub { unlink "$worker->{base}.spool.damaged-1" });
subtest 'a copy of a spool that was removed' => sub {
	my $other = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
	$other->stop;
	my $copy = "$other->{base}.spool.removed-1-2";
	my $severity = sub {
		my ($json) = ctl_json('-c', $other->{config}, 'doctor', '--json');
		return finding($json, qr/removed or replaced: \Q$copy\E$/)->{severity};
	};
	write_file($copy, '');
	is $severity->(), 'FAULT', 'is found';
	is system('sqlite3', "$other->{base}.spool", "insert into rescue values ('$copy', 1, 0, 0)"), 0, 'its rescue is ordered';
	is $severity->(), 'none', 'callresultd takes it over by itself';
};
finds('a worker that is gone', 'FAULT', qr/nothing accepts connections/, sub { $worker->stop }, sub { $worker->start });

sub configured {
	my ($name, $severity, $what, %sections) = @_;
	my $other = Rig::Worker->configured(postgres => $postgres, %sections);
	my ($json) = ctl_json('-c', $other->{config}, 'doctor', '--json');
	is finding($json, $what)->{severity}, $severity, "doctor on $name" or diag encode_json($json);
	return;
}

$postgres->sql('alter role worker connection limit 5');
configured('a limit of connections', 'warning', qr/role is allowed 5 connections/, database => { writers => 8 });
configured('a database without the schema', 'FAULT', qr/^the schema is not installed.*: .*"callresult\.schema_version"/,
	database => { conninfo => $postgres->conninfo =~ s/dbname=\S+/dbname=postgres/r });
configured('an unknown zone', 'FAULT', qr/does not know the call_timezone/, database => { call_timezone => 'Nowhere/Else' });
configured("$_ as zone", 'FAULT', qr/^call_timezone \Q$_\E is not a place; the server reads it as UTC-0[568]:00$/,
	database => { call_timezone => $_ }) for qw(UTC+8 Etc/GMT+8 CST);
configured('a place as zone', 'ok', qr/call_timezone asia\/kolkata \(UTC\+05:30 now\)/, database => { call_timezone => 'asia/kolkata' });
configured('anonymous pushes', 'warning', qr/without a token/, auth => { allow_anonymous => 'yes' });
configured('a spool without a folder', 'FAULT', qr/folder/, spool => { path => '/nonexistent/spool' });
configured('a spool on tmpfs', 'FAULT', qr/tmpfs/, spool => { path => '/dev/shm/no-spool' });
for my $mode (0700, 0750, 0755) {
	my $closed = sprintf '%s/spool-%o', folder(), $mode;
	mkdir $closed;
	write_file("$closed/spool", '');
	chmod 0644, "$closed/spool";
	chmod $mode, $closed;
	configured(sprintf('a spool for all to read in a folder of mode %o', $mode), $mode == 0755 ? 'warning' : 'none',
		qr/spool \S+ is world-readable/, spool => { path => "$closed/spool" });
}
configured('a spool larger than its disk', 'warning', qr/spool may grow/, spool => { max_size => '900000G' });
my ($memory) = read_file('/proc/meminfo') =~ /^MemTotal:\s+(\d+) kB$/m;
my @judgement = $memory < 3072 * 1024 ? ('warning', qr/may take 3072 MiB, but/) : ('ok', qr/^memory suffices/);
configured("bodies of 64 MiB, with $memory kB of memory", @judgement, server => { threads => 4096, max_body => '64M' });
configured('a password for all to read', 'warning', qr/contains a password/,
	database => { conninfo => $postgres->conninfo . ' password=geheim' });

subtest 'the database is away' => sub {
	my $without = Rig::Worker->configured(postgres => $postgres, server => { reply_deadline => '1s' },
	    spool => { path => folder() . '/no-such-folder/spool' });
	$without->start->wait_until_ready;
	$postgres->stop('fast');
	is $without->push_body(body(record(called => 'refused')))->{status}, 503, 'a worker whose spool takes nothing';
	my ($refusing) = ctl_json('-c', $without->{config}, 'status', '--json');
	ok !$refusing->{spool}{usable}, 'is not usable';
	is $refusing->{now}{verdict}, 'callresultd is serving, but neither its database nor its spool accepts pushes', 'the verdict';
	like $refusing->{now}{pushes}, qr/^are refused with 503/, 'and what becomes of pushes';
	$without->stop;
	is $worker->push_body(body(record(called => 'spooled')))->{body}, $success, 'a push goes to the spool';
	my ($json, $run);
	ok wait_for(sub {
		($json, $run) = ctl_json(@as_owner, 'status', '--json');
		$json->{now}{verdict} eq 'callresultd is serving, but its database is unavailable';
	}), 'the verdict of status';
	exits($run, 1, 'status');
	ok !$json->{database}{reachable}, 'says it';
	like $json->{now}{pushes}, qr/^are kept in the spool and answered 200/, 'and what becomes of pushes';
	is $json->{spool}{pushes}, 1, 'and what waits';
	ok $json->{spool}{oldest_received_at}, 'since when';
	my ($doctor, $doctor_run) = ctl_json(@as_worker, 'doctor', '--json');
	exits($doctor_run, 1, 'doctor');
	is finding($doctor, qr/cannot connect/)->{severity}, 'FAULT', 'says it';
	is finding($doctor, qr/pushes waiting in the spool: 1/)->{severity}, 'warning', 'and what waits';
	unlike $doctor_run->{out} . $run->{out} . $run->{err}, qr/geheim|\Q$Rig::Worker::token\E|60584/, 'nothing private';
};

is $worker->stop, 0, 'the worker ends well';
done_testing;
