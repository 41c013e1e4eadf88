#!/usr/bin/perl
# callresultctl import: the same rules, identity and evidence as a push.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig qw(folder wait_for reap spawn write_file read_file);
use Rig::Ctl qw(ctl ctl_json exits administrator);
use Rig::Postgres;
use Rig::Proxy;
use Rig::Push qw(record body $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->configured(postgres => $postgres, server => { max_body => '4K' }, database => {
	batch_records => 50 });
my @ctl = ('-c', $worker->{config}, '-d', administrator($postgres));
my $folder = folder() . '/files';
mkdir $folder or die;

sub file { my ($name, $text) = @_; return write_file("$folder/$name", $text) }
sub import { return ctl_json(@ctl, 'import', '--json', @_) }
sub fates  { my ($row) = @_; return join ' ', map { $_ // 'none' } @$row{qw(records inserted updated duplicates quarantined)} }
sub count  { my ($condition) = @_; return $postgres->sql("select count(*) from callresult.call_result where $condition") }

subtest 'every form of file' => sub {
	my @files = (
		file('bare', $example),
		file('wrapped', encode_json({ callResultList => [record(called => 'wrapped')] })),
		file('answer', encode_json({ resultCode => '0', data => [record(called => 'answer', callStatus => '6')], total => 1 })),
		file('mixed', encode_json([record(called => 'good'), { campaignId => 'x' }, record(called => 'good')])),
		file('empty-list', '[]'),
	);
	my ($json, $run) = import(@files);
	exits($run, 0, 'they are stored');
	is_deeply [map { fates($_) } @{ $json->{files} }], ['1 1 0 0 0', '1 1 0 0 0', '1 1 0 0 0', '3 1 0 1 1', '0 0 0 0 0'],
	    'the fates of each';
	is fates($json->{total}), '6 4 0 1 1', 'and of all';
	is count('true'), 4, 'results are there';
	is $postgres->sql(q{select reason, convert_from(raw, 'UTF8') from callresult.quarantine}),
	    'callStatus is missing|{"campaignId":"x"}', 'the bad record is in quarantine';
	is $postgres->sql(q{select count(*), sum(records), sum(inserted), sum(duplicates), sum(quarantined), count(remote_addr),
		count(*) filter (where spooled) from callresult.push}), '5|6|4|1|1|0|0', 'and the evidence';
	is $postgres->sql(q{select count(*) from callresult.push where sha256 = sha256(convert_to($$} . $example .
		q{$$, 'UTF8'))}), 1, 'with the digest of the file';
	($json, $run) = import(@files);
	exits($run, 0, 'once more');
	is fates($json->{total}), '6 0 0 5 1', 'all are duplicates';
	is count('true'), 4, 'and no row came';
	file('mixed', body(record(called => 'good', customField => 'changed')));
	($json) = import("$folder/mixed");
	is fates($json->{total}), '1 0 1 0 0', 'other content is an update';
	is $postgres->sql(q{select count(*) from callresult.call_result_revision}), 1, 'and the older is kept';
	my $plain = ctl(@ctl, 'import', $files[0]);
	like $plain->{out}, qr/^\S+bare +1 +0 +0 +1 +0 +- +-$/m, 'a plain row a file';
	is $plain->{err}, '', 'no progress where there is no terminal';
	is ((import('-'))[1]{status}, 1, 'nothing on standard input is a bad file');
	my ($piped) = ctl_json({ stdin => $example }, @ctl, 'import', '--json', '-');
	is fates($piped->{total}), '1 0 0 1 0', 'standard input';
};

subtest 'house is kept, without a worker' => sub {
	$postgres->sql(q{select callresult.feed_add('reader')});
	import(file('fed', body(record(called => 'fed'))));
	is $postgres->sql(q{select called from callresult.feed('reader', 10)}), 'fed', 'who follows the feed finds the call';
	$postgres->sql(q{select callresult.feed_drop('reader')});
	unlink "$folder/fed";
};

subtest 'folders, and files that are bad' => sub {
	my $deep = "$folder/tree";
	mkdir $_ or die for $deep, "$deep/a", "$deep/.hidden";
	write_file("$deep/a/2", body(record(called => 'tree', customField => 'second')));
	write_file("$deep/a/1", body(record(called => 'tree', customField => 'first')));
	write_file("$deep/b", '[{"campaignId":');
	write_file("$deep/c", '{"list": []}');
	write_file("$deep/d", "\xff\xfe");
	write_file("$deep/e", body(record(called => 'after')));
	write_file("$deep/$_", body(record(called => 'hidden'))) for '.hidden/1', '.hidden-file';
	my ($json, $run) = import($deep, "$folder/not-there");
	exits($run, 1, 'something was bad');
	is_deeply [map { $_->{file} =~ s{.*/}{}r . ' ' . $_->{records} } @{ $json->{files} }],
	    ['1 1', '2 1', 'b 0', 'c 0', 'd 0', 'e 1', 'not-there 0'], 'in the order of their names';
	like $json->{files}[2]{problem}, qr/not JSON/, 'one that is cut short';
	like $json->{files}[3]{problem}, qr/data/, 'one that is no list';
	like $json->{files}[4]{problem}, qr/UTF-8/, 'one that is not UTF-8';
	like $json->{files}[6]{problem}, qr/No such file/, 'one that is not there';
	is $json->{total}{failed}, 4, 'four failed';
	is $postgres->sql(q{select custom_field, revision from callresult.call_result where called = 'tree'}), 'second|1',
	    'the later file stands';
	is count(q{called = 'after'}), 1, 'what stands behind a bad file is stored';
	is count(q{called = 'hidden'}), 0, 'what is hidden is not';
};

subtest 'a dry run' => sub {
	my $before = $postgres->sql('select count(*) from callresult.push');
	my ($json, $run) = import('--dry-run', file('dry', encode_json({ totalCount => '2', data => [record(called => 'dry'),
		{ campaignId => 'x' }] })), file('dry-bad', '[{'));
	exits($run, 1, 'finds what could not be stored');
	is_deeply [map { fates($_) } @{ $json->{files} }], ['2 none none none 1', '0 none none none 0'], 'counts what is good and bad';
	is $json->{files}[0]{problem}, 'bad records: 1; the first: callStatus is missing', 'and says why';
	is $json->{files}[0]{total_count}, 2, 'and the total that the file says';
	is $postgres->sql('select count(*) from callresult.push'), $before, 'and stores nothing';
	is count(q{called = 'dry'}), 0, 'not one';
	($json) = import('--dry-run', file('dry-good', body(record(called => 'dry'))));
	is $json->{files}[0]{problem}, undef, 'where all is good there is no problem';
};

subtest 'larger than a push may be' => sub {
	my @records = map { record(called => "large-$_", customField => 'x' x 100) } 1 .. 300;
	splice @records, 120, 0, { campaignId => 'bad' };
	splice @records, 0, 0, { campaignId => 'worse' };
	my ($json, $run) = import(file('large', encode_json({ data => [@records, $records[1]] })));
	exits($run, 0, 'it is stored');
	is fates($json->{total}), '303 300 0 1 2', 'whole';
	is count(q{called like 'large-%'}), 300, 'every record is there';
	is $postgres->sql(q{select count(*), sum(records), max(records) <= 52, count(sha256) from callresult.push
		where received_at > now() - interval '1 hour' and records > 4}), '6|302|t|0', 'in parts of batch_records';
	($json) = import("$folder/large");
	is fates($json->{total}), '303 0 0 301 2', 'once more: duplicates';
	($json, $run) = import(file('large-bad', encode_json([map { record(called => "lost-$_") } 1 .. 300]) . ']'));
	exits($run, 1, 'one that is bad at its end');
	is count(q{called like 'lost-%'}), 0, 'is not stored in part';
};

subtest 'when it counts as received' => sub {
	my $old = file('old', body(record(called => 'time', customField => 'old')));
	import(file('new', body(record(called => 'time', customField => 'new'))));
	my ($json, $run) = ctl_json(@ctl, 'import', '--json', '--as-of', '2021-01-02T03:04:05+08:00', $old);
	exits($run, 0, 'as of a time');
	is fates($json->{total}), '1 0 0 1 0', 'older content does not replace what stands';
	is $postgres->sql(q{select custom_field from callresult.call_result where called = 'time'}), 'new', 'it stands';
	is $postgres->sql(q{select custom_field, received_at = '2021-01-01 19:04:05+00' from callresult.call_result_revision r
		where called = 'time'}), 'old|t', 'and the older one is kept with its time';
	utime 1_600_000_000, 1_600_000_000, file('dated', body(record(called => 'dated')));
	ctl_json(@ctl, 'import', '--json', '--as-of', 'file', "$folder/dated");
	is $postgres->sql(q{select extract(epoch from received_at)::bigint from callresult.call_result where called = 'dated'}),
	    1_600_000_000, 'as of the file';
	exits(ctl(@ctl, 'import', '--as-of', $_, $old), 2, "--as-of $_") for 'yesterday', '2021-01-02T03:04:05', '2999-01-01T00:00:00Z';
};

subtest 'what is refused by a push still is' => sub {
	my $other = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
	is $other->push_body(encode_json({ data => [record()] }))->{status}, 400, 'a push with data';
	is $other->stop, 0, 'the worker ends well';
};

subtest 'what the database refuses' => sub {
	$postgres->sql(q{create function public.refuse() returns trigger language plpgsql as
		'begin if new.called = ''refused'' then raise check_violation using constraint = ''rule''; end if; return new; end'});
	$postgres->sql(q{create trigger refuse before insert on callresult.call_result for each row execute function public.refuse()});
	my ($json, $run) = import(file('refused', body(record(called => 'kept'), record(called => 'refused'))));
	exits($run, 0, 'is kept');
	is fates($json->{total}), '2 1 0 0 1', 'in quarantine, and the rest is stored';
	$postgres->sql(q{create or replace function public.refuse() returns trigger language plpgsql as
		'begin if new.called = ''refused'' then raise exception ''no''; end if; return new; end'});
	($json, $run) = import(file('raised', body(record(called => 'kept, too'), record(called => 'refused'))));
	exits($run, 0, 'also by a code that does not say whose fault it is');
	is fates($json->{total}), '2 1 0 0 1', 'in quarantine, and the rest is stored';
	$postgres->sql('drop function public.refuse() cascade');
};

subtest "with the worker's own role" => sub {
	my ($json, $run) = ctl_json('-c', $worker->{config}, 'import', '--json', file('own', body(record(called => 'own'))));
	exits($run, 0, 'it can store');
	is fates($json->{total}), '1 1 0 0 0', 'and is told the fates';
};

subtest 'a commit whose answer does not come' => sub {
	my $proxy = Rig::Proxy->start_new(postgres => $postgres);
	for my $mode (qw(before after answer)) {
		my $before = $proxy->cut;
		my $log = folder() . "/cut-$mode";
		$proxy->fault($mode);
		my $pid = spawn([Rig::Ctl::binary(), '-c', $worker->{config}, '-d', "host=$proxy->{folder} user=postgres dbname=callresult",
			'import', '--json', file("cut-$mode", body(map { record(called => "cut-$mode-$_") } 1 .. 3))], log => $log);
		ok wait_for(sub { $proxy->cut > $before }), "$mode: it is cut";
		$proxy->fault('');
		my $status;
		ok wait_for(sub { defined($status = reap($pid)) }, 30), 'it is tried again';
		is $status, 0, 'and stored';
		like read_file($log), qr/"total": .*"records": 3, "inserted": 3, "updated": 0, "duplicates": 0/, 'and told as it was';
		is count("called like 'cut-$mode-%'"), 3, 'once';
	}
	$proxy->stop;
};

subtest 'a progress bar on a terminal' => sub {
	my $size = length(read_file(file('shown', body(map { record(called => "shown-$_") } 1 .. 60_000))));
	my $command = join ' ', map { "'$_'" } Rig::Ctl::binary(), @ctl, 'import', "$folder/shown";
	for my $width (100, 60) {
		my $screen = `script -qec "stty cols $width; $command" /dev/null </dev/null 2>&1`;
		my @lines = grep { /left/ } split /\r|\n/, $screen =~ s/\e\[K//gr;
		my @done = map { m{(\d+)/} ? $1 : () } @lines;
		cmp_ok scalar @lines, '>', 3, "$width columns: it is drawn again and again";
		is_deeply [grep { !m{^import \[#* *\] \d+/\d+ KiB, \d+/s, \d+:\d\d left$} } @lines], [], 'count, rate and time left';
		is_deeply [grep { length >= $width } @lines], [], 'each time within a line';
		is_deeply \@done, [sort { $a <=> $b } @done], 'it goes on only';
		cmp_ok $done[-1] * 1024, '>', $size / 2, 'up to the end';
		cmp_ok $lines[-1] =~ /(\d+):(\d\d) left/ ? $1 * 60 + $2 : 999, '<', 30, 'and so does the time left';
	}
	$postgres->sql(q{delete from callresult.call_result where called like 'shown-%'});
};

subtest 'the database is away' => sub {
	$postgres->stop('fast');
	my $run = ctl(@ctl, 'import', "$folder/bare");
	exits($run, 1, 'it fails');
	like $run->{err}, qr/^callresultctl: error: database: /m, 'and says why';
	unlike $run->{out} . $run->{err}, qr/60584/, 'without a number';
};

done_testing;
