#!/usr/bin/perl
# What the database refuses by rules of its owner: a bad record costs no good one, however it is refused and however
# many there are, and the log says it.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Rig qw(read_file wait_for reap);
use Rig::Postgres;
use Rig::Push qw(record body $success);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres, server => { reply_deadline => '10s' })->wait_until_ready;
my $number = 0;
my $begun = time;

# A push whose records say of which campaign each is.
sub push_of {
	my (@campaigns) = @_;
	return $worker->push_body(body(map { record(called => 'c' . ++$number, campaignId => $_) } @campaigns));
}

sub stored { return $postgres->sql('select count(*) from callresult.call_result') }

sub quarantined { return $postgres->sql('select count(*), coalesce(min(reason), $$$$) from callresult.quarantine') }

$postgres->sql(q{create table public.campaign (id text primary key); insert into public.campaign values ('1'), ('2')});
my $rule = 'constraint owned foreign key (campaign_id) references public.campaign';

for my $when ('not deferrable', 'deferrable initially deferred') {
	subtest "$when" => sub {
		$postgres->sql("truncate callresult.call_result, callresult.quarantine, callresult.push");
		$postgres->sql("alter table callresult.call_result add $rule $when");
		is push_of('77', ('1') x 9)->{body}, $success, 'a push with one refused record is acknowledged';
		is push_of('2')->{body}, $success, 'the next one too';
		ok wait_for(sub { stored() == 10 }), 'the good records are stored';
		is quarantined(), '1|the database refuses it: SQLSTATE 23503, constraint owned',
		    'the bad one is in quarantine, with the reason';
		is $postgres->sql('select count(*) from callresult.push where spooled'), 0,
		    'none of it took the way of the spool';

		is push_of(map { $_ % 2 ? '1' : '77' } 1 .. 400)->{body}, $success,
		    'a push with many refused ones is acknowledged';
		ok wait_for(sub { stored() == 210 }, 60), 'its good ones are stored';
		my $entries = 'select count(*) from callresult.quarantine';
		ok wait_for(sub { $postgres->sql($entries) == 201 }, 60), 'and each refused one is by itself in quarantine';
		$postgres->sql('alter table callresult.call_result drop constraint owned');
		unlike read_file("$postgres->{folder}/log"), qr/DETAIL:|\(77\)/,
		    "nothing of a record is in the server's log";
	};
}

subtest 'a trigger of the owner' => sub {
	$postgres->sql('truncate callresult.call_result, callresult.quarantine');
	$postgres->sql(q{create function public.refuse() returns trigger language plpgsql as $$begin
		raise exception 'no %', new.called using errcode = 'check_violation'; end$$;
		create trigger refuse before insert on callresult.call_result for each row
		when (new.campaign_id = '77') execute function public.refuse()});
	is push_of('1', '77', '2')->{body}, $success, 'a push with one record that it refuses is acknowledged';
	ok wait_for(sub { stored() == 2 }), 'the good records are stored';
	is quarantined(), '1|the database refuses it: SQLSTATE 23514', 'the bad one is in quarantine';
	unlike $worker->log_text, qr/partition/, 'and no partition is said to be missing';
	$postgres->sql('drop function public.refuse() cascade');
};

# Commits when a push waits for what the session holds.
my $commit = q{do $$ begin
		for i in 1 .. 1000 loop
			perform pg_stat_clear_snapshot();
			exit when exists (select from pg_stat_activity
				where wait_event_type = 'Lock' and query like '%callresult.store(%');
			perform pg_sleep(0.01);
		end loop;
	end $$;
	commit};

for my $when ('between pushes', 'while a push waits') {
	subtest "a trigger that changes records, $when" => sub {
		$postgres->sql('truncate callresult.call_result, callresult.quarantine');
		push_of('1') for 1 .. 7;
		my $check = 'select count(*) from callresult.check_tally()';
		my $trigger = q{create trigger move before insert on callresult.call_result for each row
			execute function public.move()};
		$postgres->sql(q{create function public.move() returns trigger language plpgsql as $$begin
			new.campaign_id := 'moved'; return new; end$$});
		my $session = $when =~ /waits/ && $postgres->hold($trigger, $commit);
		$postgres->sql($trigger) if !$session;
		is push_of('1', '2')->{body}, $success, 'it comes after the server has planned how to store';
		is push_of('1', '2')->{body}, $success, 'a push behind it';
		is $postgres->sql(q{select count(*) from callresult.call_result where campaign_id = 'moved'}), 4,
		    'it changes what comes';
		is $postgres->sql($check), 0, 'what is stored is counted, not what was given';
		ok !$session || wait_for(sub { defined reap($session) }), 'who created it has ended';
		$postgres->sql('drop function public.move() cascade');
		is push_of('1', '2')->{body}, $success, 'when it is gone';
		is $postgres->sql($check), 0, 'what is given is counted';
	};
}

subtest 'codes that do not say whose fault it is' => sub {
	my @codes = qw(P0001 54000 XX000 22023);
	$postgres->sql('truncate callresult.call_result, callresult.quarantine');
	$postgres->sql(sprintf q{create function public.refuse() returns trigger language plpgsql as $$begin
		raise exception 'no' using errcode = new.campaign_id; end$$;
		create trigger refuse before insert on callresult.call_result for each row
		when (new.campaign_id in (%s)) execute function public.refuse()}, join ', ', map { "'$_'" } @codes);
	is push_of('1', $_, '2')->{body}, $success, "$_: a push with one record that a trigger refuses is acknowledged"
	    for @codes;
	# others go through meanwhile
	ok wait_for(sub { push_of('3'); $postgres->sql('select count(*) from callresult.quarantine') == @codes }, 120),
	    'the refused records are in quarantine in the end';
	is $postgres->sql(q{select string_agg(reason, '; ' order by reason), max(length(raw)) < 300 from callresult.quarantine}),
	    join('; ', map { "the database refuses it: SQLSTATE $_" } sort @codes) . '|t', 'each by itself, with the reason';
	is $postgres->sql(q{select count(*) from callresult.call_result where campaign_id in ('1', '2')}), 2 * @codes,
	    'and their neighbours are stored';
	ok $worker->drains, 'the spool is empty';
	$postgres->sql('drop function public.refuse() cascade');
};

subtest 'rules about quarantine' => sub {
	$postgres->sql('truncate callresult.quarantine');
	$postgres->sql(q{alter table callresult.quarantine add constraint short check (length(raw) < 100)});
	is $worker->push_body('[{"called":"' . 'secret' x 20 . '"}]')->{body}, $success,
	    'a bad record that the rule refuses is acknowledged';
	ok wait_for(sub { $worker->spooled == 1 }), 'it waits in the spool';
	unlike read_file("$postgres->{folder}/log"), qr/DETAIL:|73656372/, "nothing of it is in the server's log";
	$postgres->sql('alter table callresult.quarantine drop constraint short');
	ok wait_for(sub { $postgres->sql('select count(*) from callresult.quarantine') == 1 }, 60),
	    'without the rule it is kept';
};
my $line = qr/warning: database: refused records, which went to quarantine records=\d+: .*constraint owned$/m;
ok wait_for(sub { $worker->log_text =~ $line }), 'the log says that records are refused';
my $lines = () = $worker->log_text =~ /$line/g;
cmp_ok $lines, '<=', 1 + (time - $begun) / 60, 'once a minute at most';

is $worker->stop, 0, 'the worker ends well';
$worker = Rig::Worker->start_new(postgres => $postgres, server => { reply_deadline => '2s' })->wait_until_ready;

subtest 'a rule about pushes' => sub {
	$postgres->sql('truncate callresult.call_result, callresult.quarantine');
	$postgres->sql('alter table callresult.push add constraint short check (bytes < 500) not valid');
	is push_of('1', '2', '1')->{body}, $success, 'a push that the rule refuses is acknowledged';
	# without the rule in the midst of a try the push would go to quarantine, so it is dropped in a pause
	my ($before, $since) = (0, time);
	ok wait_for(sub {
		my $refused = () = read_file("$postgres->{folder}/log") =~ /a record is refused by short$/mg;
		($before, $since) = ($refused, time) if $refused != $before;
		return $refused > 9 && time - $since > 2;
	}, 60), 'it is tried again and again';
	$postgres->sql('alter table callresult.push drop constraint short');
	ok wait_for(sub { stored() == 3 }, 60), 'without the rule all of it is stored';
	is quarantined(), '0|', 'nothing good is in quarantine';
};

subtest 'more than there is time for' => sub {
	my $before = length $worker->log_text;
	$postgres->sql('truncate callresult.call_result, callresult.quarantine, callresult.push');
	$postgres->sql("alter table callresult.call_result add $rule");
	# however fast the machine is: each of the thousands of tries takes 2 ms, and the push has 2 s
	$postgres->sql(q{create function public.slow() returns trigger language plpgsql as
		$$begin perform pg_sleep(0.002); return null; end$$;
		create trigger slow before insert on callresult.call_result execute function public.slow()});
	is push_of(map { $_ % 2 ? '1' : '77' } 1 .. 2000)->{body}, $success, 'a push with very many refused records is acknowledged';
	ok wait_for(sub { stored() == 1000 }, 120), 'its good ones are stored';
	is $postgres->sql('select count(*) from callresult.quarantine'), 1000, 'the others are in quarantine';
	is $postgres->sql('select count(*) from callresult.push where spooled'), 1, 'by way of the spool';
	unlike substr($worker->log_text, $before), qr/unavailable|does not answer/, 'and nobody says that the database is away';
	$postgres->sql('alter table callresult.call_result drop constraint owned; drop function public.slow() cascade');
};

subtest 'a month that nobody takes' => sub {
	$postgres->sql('truncate callresult.call_result, callresult.quarantine');
	$postgres->sql('alter table callresult.call_result detach partition callresult.call_result_default');
	is $worker->push_body(body(map { record(called => $_, callTimeStr => undef) } 1, 2))->{body}, $success,
	    'a push without a partition is acknowledged';
	ok wait_for(sub { $worker->spooled == 1 }), 'by the spool';
	my $line = qr/pushes go to the spool: no partition accepts a record \(SQLSTATE 23514\)$/m;
	ok wait_for(sub { $worker->log_text =~ $line }), 'the log says it';
	is quarantined(), '0|', 'nothing good is in quarantine';
	like read_file("$postgres->{folder}/log"), qr/no partition of call_result accepts a record$/m,
	    "the server's log names the table";
	# the worker, which locks the table before its months, may be in the way of this, which locks them in the other
	# order
	wait_for(sub { eval { $postgres->sql('alter table callresult.call_result
		attach partition callresult.call_result_default default'); 1 } });
	ok wait_for(sub { stored() == 2 }, 60), 'with the partition all is stored';
};
is $worker->stop, 0, 'the worker ends well';

subtest 'without a spool' => sub {
	$postgres->sql('truncate callresult.call_result, callresult.quarantine');
	$postgres->sql("alter table callresult.call_result add $rule deferrable initially deferred");
	$worker = Rig::Worker->start_new(postgres => $postgres, spool => { path => '/no/such/folder/spool.db' });
	$worker->wait_until_ready;
	is push_of('1', '77', '2')->{status}, 200, 'a push with a refused record is stored all the same';
	is stored(), 2, 'its good records are there';
	is quarantined(), '1|the database refuses it: SQLSTATE 23503, constraint owned', 'and the bad one';
	is $worker->stop, 0, 'the worker ends well';
};
done_testing;
