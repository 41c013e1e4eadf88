#!/usr/bin/perl
# callresultctl reconcile: answers of the platform's query interface against what is here.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig qw(folder write_file);
use Rig::Ctl qw(ctl ctl_json exits administrator);
use Rig::Postgres;
use Rig::Push qw(record body);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->configured(postgres => $postgres, database => { batch_records => 10 });
my @ctl = ('-c', $worker->{config}, '-d', administrator($postgres));

sub file { my ($name, $text) = @_; return write_file(folder() . "/$name", $text) }
sub reconcile { return ctl_json(@ctl, 'reconcile', '--json', @_) }
sub campaigns { my ($json) = @_; return join "\n", map { join '|', map { $_ // '' } @$_{qw(campaign_id day platform here missing)} } @{ $json->{campaigns} } }
sub missing   { my ($json) = @_; return join ' ', map { $_->{call_id} // 'none' } @{ $json->{missing} } }

# as the interface answers: with a code of the customer's, too
sub call {
	my ($id, %with) = @_;
	return { %{ record(callId => "call-$id", called => "1380$id", callTimeStr => '2026-11-20 10:00:00', campaignId => '3') },
		resultCode => 'OB99999', %with };
}
sub answer { my ($total, @calls) = @_; return encode_json({ resultCode => '0200000', totalCount => $total, data => \@calls }) }

my @first = map { call($_) } 1 .. 25;
my @second = map { call($_, callTimeStr => "2026-11-21 23:59:59") } 26 .. 40;
my @other = (call(50, campaignId => '4', callTimeStr => undef), call(51, campaignId => '4', callId => undef, called => "51\"\\\x{4e2d}"));
my $one = file('page-1.json', answer(42, @first));
my $two = file('page-2.json', answer(42, @second, @other));
exits(ctl(@ctl, 'import', file('here.json', encode_json([@first[0 .. 19], @second, call(99)]))), 0, 'what is here');

subtest 'what is missing' => sub {
	my ($json, $run) = reconcile($one, $two);
	exits($run, 1, 'is said with the exit status');
	is campaigns($json), "3|2026-11-20|25|21|5\n3|2026-11-21|15|15|0\n4|2026-11-20|1|0|1\n4||1|0|1", 'by campaign and day';
	is missing($json), 'call-21 call-22 call-23 call-24 call-25 call-50 none', 'and by call';
	is_deeply $json->{missing}[0], { campaign_id => '3', call_time_local => '2026-11-20 10:00:00', call_id => 'call-21',
		session_id => $first[20]{sessionId}, file => $one }, 'with its file';
	is_deeply $json->{total}, { files => 2, failed => 0, bad => 0, missing => 7, imported => 0 }, 'all together';
	is $json->{files}[1]{total_count}, 42, 'the total of the answer';
	is $run->{err}, '', 'no page is missing';
	unlike $run->{out}, qr/1380/, 'no number is shown';
	is $postgres->sql('select count(*) from callresult.call_result'), 36, 'and nothing is stored';
	my $plain = ctl(@ctl, 'reconcile', $one, $two);
	like $plain->{out}, qr/^3 +2026-11-20 +25 +21 +5$/m, 'plain';
	like $plain->{out}, qr/^3 +2026-11-20 10:00:00 +call-21 /m, 'plain, a call';
};

subtest 'a role that may read' => sub {
	$postgres->sql('create role reader login in role callresult_reader');
	my $run = ctl('-c', $worker->{config}, '-d', administrator($postgres) =~ s/user=\S+/user=reader/r, 'reconcile', $one);
	exits($run, 1, 'is enough');
	like $run->{out}, qr/^missing +5$/m, 'to compare';
};

subtest 'a page that is not there' => sub {
	my $part = file('part.json', answer(20, @first[0 .. 18]));
	my ($json, $run) = reconcile($part);
	exits($run, 1, 'is said with the exit status, though nothing that was given is missing here');
	is $json->{total}{missing}, 0, 'nothing is';
	($json, $run) = reconcile($two);
	like $run->{err}, qr/^callresultctl: warning: the answers with totalCount 42 contain 17 records: .*showDetail=1/m, 'is said';
	$run = ctl(@ctl, 'import', '--dry-run', $one);
	like $run->{err}, qr/totalCount 42 contain 25 records/, 'by import as well';
	is ctl(@ctl, 'import', '--dry-run', $one, $two)->{err}, '', 'but not when the others are there';
};

subtest 'counts' => sub {
	my $counts = file('counts.json', encode_json({ resultCode => '0', countDetail => [
		{ campaignId => '3', totalCalledCount => 40, totalCallSucc => 1, totalCount => 100, batchDetail => [{ customField => 'x',
			totalCalledCount => 12 }] }, { campaignId => '5', totalCalledCount => 2 } ] }));
	my ($json, $run) = reconcile($counts);
	exits($run, 1, 'more there than here');
	is campaigns($json), "3||40|36|4\n5||2|0|2", 'by campaign';
	is $json->{total}{missing}, 6, 'all together';
	($json, $run) = reconcile(file('list-of-counts', encode_json({ data => [{ campaignId => 3, totalCalledCount => 36 }] })));
	exits($run, 0, 'as many there as here');
	is $json->{files}[0]{bad}, 0, 'and a count is no bad record';
	($json, $run) = reconcile(file('texts.json', encode_json([{ campaignId => '3', totalCalledCount => '37' },
		{ campaignId => '5', totalCalledCount => undef }, { campaignId => '6', totalCalledCount => 'many' }])));
	is campaigns($json), "3||37|36|1\n6|||0|0", 'counts written as strings';
	is_deeply [@{ $json->{files}[0] }{qw(bad problem)}, @{ $json->{total} }{qw(bad missing)}],
		[1, 'counts that are no numbers were not compared', 1, 1], 'and one that is no number';
	($json, $run) = reconcile(file('no-number.json', encode_json([{ campaignId => '6', totalCalledCount => 1.5 }])));
	exits($run, 1, 'which does not pass for one that agrees');
	my @batches = ({ campaignId => '3', customField => 'x', totalCalledCount => 30 }, { campaignId => '3', customField => 'y', totalCalledCount => 7 });
	($json, $run) = reconcile(file('batches.json', encode_json({ countDetail => \@batches })));
	is campaigns($json), "3||37|36|1", 'the batches of a campaign are added up';
	exits($run, 1, 'and none passes for all');
	($json) = reconcile(file('batches-and-all.json', encode_json([@batches, { campaignId => '3', totalCalledCount => 36 }])));
	is campaigns($json), "3||36|36|0", 'unless the campaign has a count of its own';
};

subtest 'counts that a role may not read' => sub {
	my ($json, $run) = ctl_json('-c', $worker->{config}, 'reconcile', '--json',
		file('counts.json', encode_json({ data => [{ campaignId => 3, totalCalledCount => 36 }] })));
	exits($run, 1, 'are not compared');
	like $json->{files}[0]{problem}, qr/SQLSTATE 42501/, 'which the file says';
	is scalar(() = $run->{err} =~ /SQLSTATE 42501/g), 1, 'and the log says once, of the lists';
};

subtest 'counts of a day' => sub {
	my $counts = file('daily.json', encode_json({ resultCode => '0', countDetail => [
		{ campaignId => '3', totalCalledCount => 900, dailyCalledCount => 23, dailyCallSucc => 1, batchDetail => [
			{ batchId => 'x', dailyCalledCount => 12 }] },
		{ campaignId => '5', totalCalledCount => 900, dailyCalledCount => 0 } ] }));
	my ($json, $run) = reconcile('--day', '2026-11-20', $counts);
	exits($run, 1, 'more there than here');
	is campaigns($json), "3|2026-11-20|23|21|2\n5|2026-11-20|0|0|0", 'by campaign, of that day';
	is $json->{total}{missing}, 2, 'all together';
	($json, $run) = reconcile('--day', '2026-11-21', file('daily-list.json', encode_json([{ campaignId => 3, dailyCalledCount => 15 }])), $one);
	is campaigns($json), "3|2026-11-21|15|15|0\n3|2026-11-20|25|21|5", 'lists are compared as they are';
	($json, $run) = reconcile('--day', '2026-11-20', file('totals.json', encode_json([{ campaignId => 3, totalCalledCount => 1 }])));
	exits($run, 1, 'an answer without them');
	like $json->{files}[0]{problem}, qr/dailyCalledCount/, 'is said';
	$run = ctl(@ctl, 'reconcile', '--day', 'soon', $counts);
	exits($run, 2, 'a day that is none');
	like $run->{err}, qr/--day needs a day/, 'is said';
};

subtest 'files that are no answers' => sub {
	my %problems = ('{"list":[]}' => qr/neither records nor counts/, '[{"campaignId":"3"}]' => qr/neither records nor counts/,
		'[{' => qr/not JSON/);
	for my $text (sort keys %problems) {
		my ($json, $run) = reconcile(file('bad.json', $text), $two);
		exits($run, 1, $text);
		like $json->{files}[0]{problem}, $problems{$text}, 'is said';
		is $json->{files}[1]{records}, 17, 'and the next is read';
	}
	my ($json, $run) = reconcile(file('mixed.json', encode_json([$first[0], { campaignId => '3' }])));
	is_deeply [@{ $json->{files}[0] }{qw(records bad problem)}], [1, 1, 'bad records were not compared'], 'bad records are counted';
	is_deeply $json->{total}, { files => 1, failed => 0, bad => 1, missing => 0, imported => 0 }, 'in all, too';
	exits($run, 1, 'and do not pass for records that are here');
};

subtest 'they are brought in' => sub {
	my ($json, $run) = reconcile('--import', $one, $two);
	exits($run, 0, 'all of them');
	is $json->{total}{imported}, 7, 'as many';
	is missing($json), 'call-21 call-22 call-23 call-24 call-25 call-50 none', 'and they are named';
	is $postgres->sql('select count(*), sum(revision) from callresult.call_result'), '43|0', 'and what was here is not touched';
	is $postgres->sql(q{select count(*) from callresult.call_result where called = '51"\\中'}), 1, 'with every character';
	($json, $run) = reconcile('--import', $one, $two);
	exits($run, 0, 'nothing is missing any more');
	is_deeply $json->{total}, { files => 2, failed => 0, bad => 0, missing => 0, imported => 0 }, 'nor imported';
};

subtest 'the database does not answer' => sub {
	$postgres->stop('fast');
	exits(ctl(@ctl, 'reconcile', $one), 1, 'is an error');
};
done_testing;
