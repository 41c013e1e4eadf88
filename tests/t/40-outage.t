#!/usr/bin/perl
# Outages under load: every push is acknowledged in time, nothing acknowledged is lost or doubled, and the spool drains
# by itself when the database is back.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);
use Rig qw(folder wait_for reap read_file run_command);
use Rig::Load;
use Rig::Postgres;
use Rig::Push qw(record body $success $example);
use Rig::Worker;

my $seed = $ENV{CALLRESULTD_SEED} // 20_200_830;
srand $seed;
# reply_deadline (1 s here) and a second are promised; the bound is for a machine that does other things too
my $bound = 6;
my $postgres = Rig::Postgres->start_new(settings => { max_connections => 30 });
my %quick = (server => { reply_deadline => '1s', threads => 32 });
my $worker = Rig::Worker->start_new(postgres => $postgres, %quick)->wait_until_ready;

# Runs a fault under load, from its beginning to its end, and looks at everything afterwards.
sub survives {
	my ($name, $begin, $end, $time) = @_;
	my $load = Rig::Load->start_new(worker => $worker);
	sleep 0.3;
	my $lasting = $begin->();
	sleep($time // 1.5);
	$end->($lasting);
	sleep 0.3;
	$load->stop;
	ok $worker->drains, "$name: the spool is empty";
	$load->is_kept($postgres, "$name: nothing acknowledged is lost or double");
	$load->is_acknowledged("$name: every push is acknowledged");
	cmp_ok $load->{slowest}, '<', $bound, "$name: in time";
	ok $worker->finds_database, "$name: ready again";
	return;
}

survives('stopped', sub { $postgres->stop('fast') }, sub { $postgres->start });
survives('stopped at once', sub { $postgres->stop('immediate') }, sub { $postgres->start });
survives('killed', sub { $postgres->stop('kill') }, sub { $postgres->start });
survives('hung', sub { $postgres->pause }, sub { $postgres->resume }, 3);
survives('locked', sub { $postgres->hold('lock table callresult.call_result') }, sub { $postgres->let_go($_[0]) }, 3);
survives('without the schema', sub { $postgres->sql('alter schema callresult rename to away') },
    sub { $postgres->sql('alter schema away rename to callresult') });
survives('without the privilege', sub { $postgres->sql('revoke execute on function callresult.store from callresult_writer') },
    sub { $postgres->sql('grant execute on function callresult.store to callresult_writer') });
survives('read-only', sub {
	$postgres->sql('alter role worker set default_transaction_read_only = on');
	$postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'});
}, sub { $postgres->sql('alter role worker reset default_transaction_read_only') });
survives('no connection left', sub {
	$postgres->sql('alter role worker connection limit 0');
	$postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'});
}, sub { $postgres->sql('alter role worker connection limit -1') });

# As many as there are writers: replay and housekeeper use one of theirs, and nobody tries again and again for more.
my $refused = sub { scalar(() = read_file("$postgres->{folder}/log") =~ /too many connections for role/g) };
my $before = $refused->();
survives('no connection but those of the writers', sub {
	$postgres->sql('alter role worker connection limit 2');
	$postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'});
}, sub { });
cmp_ok $refused->() - $before, '<', 150, 'the server is not stormed';
$postgres->sql('alter role worker connection limit -1');

survives('backends ended again and again', sub {
	for (1 .. 15) {
		$postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'});
		sleep 0.1;
	}
}, sub { }, 0);

survives('the worker stopped, and continued', sub { $worker->signal('STOP') }, sub { $worker->signal('CONT') }, 3);
survives('the worker stopped in an outage', sub { $postgres->stop('fast'); sleep 1; $worker->signal('STOP') },
    sub { $worker->signal('CONT'); sleep 1; $postgres->start }, 3);

# a thread writes the log, perhaps later than the answer
my $told = sub { scalar(() = $worker->log_text =~ /^callresultd: info: database: available again after_ms=\d+ spooled=\d+$/mg) };
ok wait_for(sub { $told->() >= 9 }), 'the log says when each outage ends, how long it was and how much was spooled'
    or diag $told->();
cmp_ok scalar(split /\n/, $worker->log_text), '<', 400, 'and is no flood';
unlike $worker->log_text, qr/load\d+-\d+|60584|\Q$Rig::Worker::token\E/, 'nothing private is in it';

subtest 'ready while only the spool stands' => sub {
	$postgres->stop('fast');
	is $worker->push_body(body(record(called => 'degraded')))->{body}, $success, 'a push is acknowledged';
	# a writer that has nothing to do notices within a second
	ok wait_for(sub { !decode_json($worker->get('/-/ready')->{body})->{database} }),
	    'that the database is away is noticed';
	my $ready = $worker->get('/-/ready');
	is $ready->{status}, 200, 'ready stays 200';
	my $body = decode_json($ready->{body});
	ok !$body->{database} && $body->{spool} && $body->{retMsg} =~ /degraded/, 'and says degraded';
	is $worker->push_body('[{')->{status}, 400, 'a bad body is refused all the same';
	is $worker->push_body($example, HTTP_CONTENT_ENCODING => 'gzip')->{status}, 415, 'an encoded one too';
	is $worker->spooled, 3, 'all are in the spool';
	is $worker->stop, 0, 'the worker ends with a full spool';
	unlink $worker->{log};
	$worker->start;
	is $worker->spooled, 3, 'the next one finds it';
	like $worker->log_text, qr/pushes from an earlier run wait to be stored pushes=3$/m, 'and says so';
	$postgres->start;
	ok $worker->drains, 'after the start: the spool is empty';
	is $postgres->sql(q{select spooled, inserted from callresult.push where id = (select push_id from callresult.call_result
		where called = 'degraded')}), 't|1', 'the evidence says that it was spooled';
	is $postgres->sql("select count(*) from callresult.quarantine where reason ~ 'JSON' and raw = '[{'"), 1,
	    'the bad body is in quarantine';
	is $postgres->sql(q{select count(*) from callresult.quarantine where reason ~ 'Content-Encoding'}), 1,
	    'and the encoded one';
};

subtest 'ready while the database lets everybody in and stores nothing' => sub {
	$postgres->sql('revoke execute on function callresult.store from callresult_writer');
	is $worker->push_body(body(record(called => "nothing-$_")))->{body}, $success, 'a push is acknowledged' for 1 .. 3;
	my $ready = sub { $worker->get('/-/ready') };
	ok wait_for(sub { !decode_json($ready->()->{body})->{database} }), 'that the database stores nothing is noticed';
	is $ready->()->{status}, 200, 'ready stays 200';
	$postgres->sql('grant execute on function callresult.store to callresult_writer');
	ok $worker->drains, 'it drains';
	ok $worker->finds_database, 'and says that the database is there';
};

subtest 'older content from the spool' => sub {
	$postgres->stop('fast');
	is $worker->push_body(body(record(called => 'order', customField => 'old')))->{body}, $success,
	    'the old one is spooled';
	my $other = Rig::Worker->start_new(postgres => $postgres, %quick);
	$worker->signal('STOP');
	$postgres->start;
	$other->wait_until_ready;
	is $other->push_body(body(record(called => 'order', customField => 'new')))->{body}, $success,
	    'the new one is stored';
	$worker->signal('CONT');
	ok $worker->drains, 'older content: the spool is empty';
	is $postgres->sql(q{select custom_field, revision from callresult.call_result where called = 'order'}), 'new|1',
	    'the newest content stands';
	is $postgres->sql(q{select custom_field from callresult.call_result_revision where called = 'order'}), 'old',
	    'the older one is kept';
	is $other->stop, 0, 'the other one ends well';
};

subtest 'content that came again after what the spool holds' => sub {
	my $push = sub { $_[0]->push_body(body(record(called => 'again', customField => $_[1])))->{body} };
	ok $worker->finds_database, 'the database is there';
	is $push->($worker, 'X'), $success, 'X is stored';
	$postgres->stop('fast');
	is $push->($worker, 'Y'), $success, 'Y is spooled';
	$worker->signal('STOP');
	$postgres->start;
	my $other = Rig::Worker->start_new(postgres => $postgres, %quick)->wait_until_ready;
	ok $other->finds_database, 'the database is back';
	is $push->($other, 'X'), $success, 'X comes again';
	$worker->signal('CONT');
	ok $worker->drains, 'Y: the spool is empty';
	is $postgres->sql(q{select custom_field, revision, last_received_at > received_at from callresult.call_result
		where called = 'again'}), 'X|1|t', 'X was received last and stands';
	is $postgres->sql(q{select custom_field, revision from callresult.call_result_revision where called = 'again'}),
	    'Y|0', 'Y is kept';
	is $postgres->sql(q{select string_agg(concat_ws('-', inserted, updated, duplicates), ' ' order by received_at)
		from callresult.push where received_at >= (select received_at from callresult.call_result
		where called = 'again') and received_at <= (select last_received_at from callresult.call_result
		where called = 'again')}), '1-0-0 0-0-1 0-0-1', 'only the first push changed what stands';
	ok $worker->finds_database, 'the database is back for the first one too';
	is $push->($worker, 'Y'), $success, 'Y comes again';
	is $postgres->sql(q{select custom_field, revision, last_received_at is null from callresult.call_result
		where called = 'again'}), 'Y|2|t', 'and stands now';
	is $other->stop, 0, 'the other one ends well';
};

subtest 'two workers on one spool' => sub {
	my $second = Rig::Worker->start_new(postgres => $postgres, %quick, spool => { path => "$worker->{base}.spool" })
	    ->wait_until_ready;
	$postgres->stop('fast');
	my @loads = map { Rig::Load->start_new(worker => $_) } $worker, $second;
	sleep 1;
	$postgres->start;
	sleep 0.3;
	$_->stop for @loads;
	ok wait_for(sub { run_command('sqlite3', '-cmd', '.timeout 10000', "$worker->{base}.spool",
	    'select count(*) from push') == 0 }, 20),
	    'the spool is empty';
	for my $load (@loads) {
		$load->is_kept($postgres, 'nothing is lost or double');
		$load->is_acknowledged('every push is acknowledged');
	}
	is $second->stop, 0, 'the second ends well';
};

subtest 'a worker killed at random' => sub {
	for my $round (1 .. 8) {
		my $load = Rig::Load->start_new(worker => $worker);
		$postgres->stop('immediate') if $round % 2;
		sleep 0.2 + rand 0.6;
		$worker->signal('KILL');
		wait_for(sub { defined reap($worker->{pid}) });
		unlink $worker->{log};
		$worker->start;
		$postgres->start if $round % 2;
		sleep 0.2;
		$load->stop;
		ok $worker->drains, "round $round: the spool is empty";
		$load->is_kept($postgres, "round $round: nothing acknowledged is lost or double (seed $seed)");
	}
};

subtest 'refused records while the server restarts' => sub {
	$postgres->sql(q{alter table callresult.call_result add constraint picky check (called not like 'refused%')});
	my $load = Rig::Load->start_new(worker => $worker, refused => 1);
	for my $how (qw(fast immediate kill)) {
		sleep 0.5;
		$postgres->stop($how);
		$postgres->start;
	}
	ok wait_for(sub { my %seen = $load->seen; ($seen{200} // 0) >= 60 }, 60), 'enough pushes are taken';
	$load->stop;
	ok $worker->drains, 'refused records: the spool is empty';
	$load->is_kept($postgres, 'nothing acknowledged is lost or double');
	is $postgres->sql(q{select count(*) from callresult.quarantine where convert_from(raw, 'UTF8') ~ '"called":"load'}), 0,
	    'no good record is in quarantine';
	cmp_ok $postgres->sql(q{select count(*) from callresult.quarantine where reason like '%picky'}), '>', 10,
	    'the refused ones are';
	$load->is_acknowledged('every push is acknowledged');
	$postgres->sql('alter table callresult.call_result drop constraint picky');
};

subtest 'a push that fails by no fault of the data' => sub {
	# with time enough, so that no live push goes to the spool because the machine is busy
	my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
	$postgres->sql(q{create function public.fail() returns trigger language plpgsql as $$begin
		raise exception 'no' using errcode = '54000'; end$$;
		create trigger fail before insert on callresult.call_result for each row when (new.called = 'poison')
		execute function public.fail()});
	is $worker->push_body(body(record(called => 'poison')))->{body}, $success,
	    'is acknowledged, since the spool has it';
	$postgres->stop('fast');
	is $worker->push_body(body(record(called => "behind-$_")))->{body}, $success, "one behind it, $_" for 1 .. 20;
	$postgres->start;
	ok wait_for(sub { $postgres->sql(q{select count(*) from callresult.call_result where called like 'behind-%'}) == 20 },
	    60), 'those behind it do not wait for it';
	# what is stored leaves the spool a moment later
	ok wait_for(sub { $worker->spooled == 1 }), 'it stays in the spool';
	ok wait_for(sub { $worker->log_text =~ /a push could not be stored and was moved to the end of the spool/ }),
	    'the log says so';
	sleep 3;
	is $worker->spooled, 1, 'as long as nothing else goes through it waits: the database may be at fault';
	my $lines = () = $worker->log_text =~ /\n/g;
	my $sessions = $postgres->sql('select sessions from pg_stat_database where datname = current_database()');
	for (1 .. 40) {
		$worker->push_body(body(record(called => "beside-$_")));
		sleep 0.05;
	}
	is $postgres->sql(q{select count(*) from callresult.call_result where called like 'beside-%'}), 40,
	    'live pushes are stored as ever';
	cmp_ok scalar(() = $worker->log_text =~ /\n/g) - $lines, '<', 4, 'and the log is quiet';
	cmp_ok $postgres->sql('select sessions from pg_stat_database where datname = current_database()') - $sessions,
	    '<', 30, 'it is not tried all the time';
	ok wait_for(sub { $worker->push_body(body(record(called => 'others')))->{body} eq $success &&
	    $worker->spooled == 0 }, 60), 'when others go through it does not wait for ever';
	is $postgres->sql(q{select count(*), min(reason) from callresult.quarantine where convert_from(raw, 'UTF8') ~ 'poison'}),
	    '1|the database refuses it: SQLSTATE 54000', 'it is in quarantine, with the reason';
	ok wait_for(sub { $worker->log_text =~ /warning: database: refused records, which went to quarantine / }),
	    'the log says so';
	is $postgres->sql(q{select count(*) from callresult.call_result where called = 'poison'}), 0,
	    'no part of it is stored';
	$postgres->sql('drop function public.fail() cascade');
	is $worker->stop, 0, 'the worker ends well';
};

subtest 'a synchronous standby that is away' => sub {
	# what the server warns of is heard whatever the role is set to
	$postgres->sql('alter role worker set client_min_messages = error');
	$postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'});
	$postgres->sql(q{alter system set synchronous_standby_names = 'nobody'});
	$postgres->sql('select pg_reload_conf()');
	# commits wait from the moment on at which the server's checkpointer has read the setting
	ok wait_for(sub { is $worker->push_body(body(record(called => 'standby')))->{body}, $success, 'a push is acknowledged';
		$worker->spooled == 1 }), 'by the spool: what only the primary has is not enough';
	my $connection = $worker->send_push(body(record(called => 'cancelled')));
	# also that of the housekeeper, which comes as it will
	my $ended = 0;
	ok wait_for(sub { $ended += $postgres->sql(q{select count(*) filter (where pg_cancel_backend(pid)) from pg_stat_activity
		where wait_event = 'SyncRep'}); $ended > 4 || $worker->spooled > 1 }),
	    'somebody ends the wait of a commit';
	is $connection->answer->{body}, $success, 'its push is acknowledged';
	is $worker->spooled, 2, 'by the spool too';
	$postgres->sql('alter system reset synchronous_standby_names');
	$postgres->sql('select pg_reload_conf()');
	ok $worker->drains, 'with the standby: the spool is empty';
	is $postgres->sql(q{select count(*) from callresult.call_result where called in ('standby', 'cancelled')}), 2,
	    'each is stored once';
};

subtest 'a start without the database' => sub {
	$postgres->stop('fast');
	my $early = Rig::Worker->start_new(postgres => $postgres, %quick);
	my $start = time;
	is $early->push_body(body(record(called => 'early')))->{body}, $success, 'a push is acknowledged';
	cmp_ok time - $start, '<', $bound, 'in time';
	$postgres->start;
	ok $early->drains, 'and drains';
	is $postgres->sql(q{select count(*) from callresult.call_result where called = 'early'}), 1,
	    'into the database';
	is $early->stop, 0, 'it ends well';
};

subtest 'writers that have no connection yet' => sub {
	$postgres->stop('fast');
	my $many = Rig::Worker->start_new(postgres => $postgres, database => { writers => 10 });
	# one after another, so that the writers wait since different times and do not all notice the database at once
	for (1 .. 10) {
		$many->push_body(body(record(called => "before-$_")));
		sleep 0.1;
	}
	$postgres->start;
	$many->wait_until_ready;
	is $many->push_body(body(record(called => "since-$_")))->{body}, $success, "a push is acknowledged, $_"
	    for 1 .. 10;
	is $postgres->sql(q{select count(*), count(*) filter (where spooled) from callresult.call_result r
		join callresult.push p on p.id = r.push_id where called like 'since-%'}), '10|0',
		    'none took the way of the spool';
	ok $many->drains, 'what came before drains';
	is $many->stop, 0, 'it ends well';
};

subtest 'a spool that is full' => sub {
	my $small = Rig::Worker->start_new(postgres => $postgres, %quick,
	    spool => { max_size => '1M' })->wait_until_ready;
	$postgres->stop('fast');
	my (%acknowledged, $refused);
	for (1 .. 200) {
		my $answer = $small->push_body(body(record(called => "full-$_", customField => 'x' x 20_000)));
		$acknowledged{"full-$_"} = 1 if $answer->{status} == 200;
		$refused = $answer if $answer->{status} == 503;
		last if $refused && $_ > 100;
	}
	ok $refused && $refused->{headers}{'retry-after'}, 'pushes are refused past its limit';
	cmp_ok scalar keys %acknowledged, '>', 20, 'others had been taken';
	cmp_ok scalar(() = $small->log_text =~ /is full/g), '<', 5, 'the log says so, and not with each push';
	ok wait_for(sub { $small->get('/-/ready')->{status} == 503 }), 'and it is not ready';
	$postgres->start;
	ok $small->drains, 'it drains';
	my %stored = map { $_ => 1 } split /\n/, $postgres->sql(q{select called from callresult.call_result where called like 'full-%'});
	is_deeply [grep { !$stored{$_} } sort keys %acknowledged], [], 'all that was acknowledged is stored';
	ok wait_for(sub { $small->push_body($example)->{status} == 200 }), 'and it serves again';
	is $small->stop, 0, 'it ends well';
};

# what came in is what was inserted, updated, found there, and quarantined
is $postgres->sql('select count(*) from callresult.push where records <> inserted + updated + duplicates + quarantined'), 0,
    'the evidence of every push adds up';
is $postgres->sql('select (select sum(inserted) from callresult.push) = (select count(*) from callresult.call_result)'),
    't', 'what was inserted is there';
is $worker->stop, 0, 'the worker ends well';
done_testing;
