#!/usr/bin/perl
# callresultctl quarantine: what was refused gets its second chance, through the code of a push.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig qw(folder write_file);
use Rig::Ctl qw(ctl ctl_json exits administrator);
use Rig::Postgres;
use Rig::Push qw(record body $success);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
my @ctl = ('-c', $worker->{config}, '-d', administrator($postgres));
my $json = JSON::PP->new->canonical;

sub quarantine { return ctl_json(@ctl, 'quarantine', shift, '--json', @_) }
sub file       { return write_file(folder() . '/corrected', $_[0]) }
sub id_of      { my ($text) = @_; return $postgres->sql(qq{select id from callresult.quarantine where convert_from(raw, 'UTF8') like '%$text%'
	order by id desc limit 1}) }
sub is_open    { my ($id) = @_; return $postgres->sql("select resolved_at is null from callresult.quarantine where id = $id") eq 't' }
sub fate       { my ($row) = @_; return join ' ', $row->{settled} ? 'settled' : 'open',
    @$row{qw(inserted updated duplicates quarantined)} }

my $late = $json->encode(record(called => 'late', callTimeStr => 'yesterday', customField => "x\e[2J"));
is $worker->push_body("[$late]")->{body}, $success, 'a bad record';
is $worker->push_body("[$late]")->{body}, $success, 'again';
is $worker->push_body('{"results":' . body(record(called => 'whole')) . '}')->{status}, 400, 'a bad body';
is $worker->push_body($json->encode([record(called => 'huge', callId => 'x' x 300)]))->{body}, $success,
    'another bad record';

subtest 'list and show' => sub {
	my ($list, $run) = quarantine('list');
	exits($run, 0, 'list');
	is_deeply [map { [@$_{qw(id seen reason resolved_at)}] } @$list], [
		[1, 2, 'callTimeStr is not a real date and time written yyyy-mm-dd hh:mm:ss', undef],
		[3, 1, 'The body is neither a list nor an object with a callResultList.', undef],
		[4, 1, 'callId is longer than 256 bytes', undef],
	], 'has what is open';
	is $list->[0]{bytes}, length $late, 'and the size';
	unlike $run->{out}, qr/late|yesterday/, 'and no text';
	is scalar(@{ (quarantine('list', '--limit', '1'))[0] }), 1, 'the newest only';
	exits(ctl(@ctl, 'quarantine', 'list', '--limit', '0'), 2, 'a bad limit');
	is ctl(@ctl, 'quarantine', 'show', 1)->{out}, $late, 'show gives the text as it is';
	my $command = join ' ', map { "'$_'" } Rig::Ctl::binary(), @ctl, 'quarantine', 'show', 1;
	unlike `script -qec "$command" /dev/null </dev/null`, qr/\e/, 'but for what would drive a terminal';
	exits(ctl(@ctl, 'quarantine', 'show', 99), 1, 'one that is not there');
	exits(ctl(@ctl, 'quarantine', 'show', $_), 2, "no id: $_") for '1x', '-1', '01', '1 or true';
};

subtest 'retry' => sub {
	my ($rows, $run) = quarantine('retry', 1);
	exits($run, 1, 'what is bad stays');
	is fate($rows->[0]), 'open 0 0 0 0', 'and is stored nowhere';
	like $rows->[0]{problem}, qr/^callTimeStr is not/, 'for the same reason';
	is $postgres->sql('select sum(seen), count(*) from callresult.quarantine'), '4|3', 'without counting it up';
	is $postgres->sql('select count(*) from callresult.push'), '4', 'or making evidence';

	my $corrected = $json->encode(record(called => 'late'));
	($rows, $run) = quarantine('retry', 1, '--with', file($corrected));
	exits($run, 0, 'corrected');
	is fate($rows->[0]), 'settled 1 0 0 0', 'it is stored';
	ok !is_open(1), 'and settled';
	is $postgres->sql(q{select r.received_at = q.received_at from callresult.call_result r, callresult.quarantine q
		where r.called = 'late' and q.id = 1}), 't', 'received when it first came';
	($rows, $run) = quarantine('retry', 1);
	exits($run, 1, 'once more');
	like $rows->[0]{problem}, qr/already settled/, 'it is settled';

	($rows, $run) = quarantine('retry', 3, '--with',
	    file('{"callResultList":' . body(record(called => 'whole'), { a => 1 }) . '}'));
	exits($run, 0, 'a body, corrected');
	is fate($rows->[0]), 'settled 1 0 0 1', 'what of it is bad is an entry of its own';
	ok is_open(id_of('"a"')), 'which is open';
	my $huge = $json->encode(record(called => 'huge', callId => 'x' x 300));
	($rows, $run) = quarantine('retry', 4, '--with', file('[' . $json->encode(record(called => 'beside'))
	    . ",$huge]"));
	exits($run, 1, 'the same text again, beside a good record');
	is fate($rows->[0]), 'open 1 0 0 1', 'stores the good one';
	ok is_open(4), 'and does not settle what is bad still';
	exits((quarantine('retry', 4, '--with', file('[]')))[1], 1, 'an empty list settles nothing');
	ok is_open(4), 'it stays open';
	exits((quarantine('retry', 4, '--with', '/nonexistent'))[1], 1, 'no file');
	exits((quarantine('retry', 99))[1], 1, 'no such entry');
	exits(ctl(@ctl, 'quarantine', 'retry', @$_), 2, "@$_: a bad command line") for [], ['1', '--all'],
	    ['--all', '--with', 'x'], ['1', '2', '--with', 'x'];
};

subtest 'newer content stands' => sub {
	my $bad = $json->encode(record(called => 'newer', customField => 'old', vdnId => 'x'));
	is $worker->push_body("[$bad]")->{body}, $success, 'bad at first';
	is $worker->push_body(body(record(called => 'newer', customField => 'new')))->{body}, $success, 'right later';
	my ($rows) = quarantine('retry', id_of('newer'), '--with',
	    file($json->encode(record(called => 'newer', customField => 'old'))));
	is fate($rows->[0]), 'settled 0 0 1 0', 'the older text comes late';
	is $postgres->sql(q{select custom_field from callresult.call_result where called = 'newer'}), 'new',
	    'and does not stand';
};

subtest 'after a rule changed' => sub {
	$postgres->sql(q{create function public.refuse() returns trigger language plpgsql as
		'begin if new.called like ''rule-%'' then raise check_violation using constraint = ''rule''; end if; return new; end'});
	$postgres->sql(q{create trigger refuse before insert on callresult.call_result for each row execute function public.refuse()});
	is $worker->push_body(body(map { record(called => "rule-$_") } 1 .. 5))->{body}, $success,
	    'the database refuses five';
	my ($rows, $run) = quarantine('retry', id_of('rule-1'));
	exits($run, 1, 'and still does');
	ok is_open(id_of('rule-1')), 'it stays open';
	$postgres->sql('drop function public.refuse() cascade');
	($rows, $run) = quarantine('retry', '--all');
	exits($run, 1, 'all: some are bad still');
	is scalar(grep { fate($_) eq 'settled 1 0 0 0' } @$rows), 5, 'those five are stored';
	is scalar(grep { !$_->{settled} } @$rows), 2, 'two are not';
	is $postgres->sql(q{select count(*) from callresult.call_result where called like 'rule-%'}), 5,
	    'they are there';
	unlike $run->{out} . $run->{err}, qr/rule-/, 'and named nowhere';
};

subtest 'resolve' => sub {
	my @open = (4, id_of('"a"'));
	my ($rows, $run) = quarantine('resolve', @open);
	exits($run, 0, 'by hand');
	ok !is_open($_), "$_ is settled" for @open;
	($rows, $run) = quarantine('resolve', 4, 99);
	exits($run, 1, 'once more, or none');
	is_deeply +(quarantine('list'))[0], [], 'nothing is open';
	is scalar(grep { defined $_->{resolved_at} } @{ (quarantine('list', '--all'))[0] }), 10, 'all is still there';
};

subtest 'without the right' => sub {
	my $run = ctl('-c', $worker->{config}, 'quarantine', 'list');
	exits($run, 1, "the worker's role may not look");
	like $run->{err}, qr/permission denied/, 'and hears why';
};

is $postgres->sql('select count(*) from callresult.push where records <> inserted + updated + duplicates + quarantined'), 0,
    'the evidence adds up';
subtest 'a role of an administrator' => sub {
	$postgres->sql('create role operator login in role callresult_admin');
	my @operator = ('-c', $worker->{config}, '-d', "host=$postgres->{folder} user=operator dbname=callresult");
	is $worker->push_body("[$late]")->{body}, $success, 'a bad record';
	for my $command (['status'], ['quarantine', 'list'], ['quarantine', 'show', id_of('late')],
	    ['report', '--numbers'], ['token', 'list'], ['import', file(body(record(called => 'imported')))],
	    ['quarantine', 'resolve', id_of('late')]) {
		my $run = ctl(@operator, @$command);
		exits($run, 0, "may @$command");
		unlike $run->{err}, qr/permission|may not/, 'the whole of it';
	}
	is $worker->push_body("[$late]")->{body}, $success, 'another one';
	exits(ctl(@operator, 'quarantine', 'retry', id_of('late'), '--with',
	    file($json->encode(record(called => 'late')))), 0, 'may retry');
	unlike ctl(@operator, 'doctor')->{out}, qr/permission denied/, 'and doctor may look';
};

is $worker->stop, 0, 'the worker ends well';
done_testing;
