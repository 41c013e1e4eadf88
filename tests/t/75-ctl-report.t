#!/usr/bin/perl
# callresultctl report: every form says what SQL says.
use strict;
use warnings;
use JSON::PP qw(decode_json);
use Test::More;
use Rig qw(folder read_file write_file);
use Rig::Ctl qw(ctl ctl_json exits administrator);
use Rig::Postgres;
use Rig::Push qw(record body);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
my @as_owner = ('-c', $worker->{config}, '-d', administrator($postgres));

# three campaigns over forty days, a name that a page and a spreadsheet must take as text
my @codes = ('00000', '34601', '34603', '34606', '00701', '99999');
my @records = map {
	my $answered = $_ % 7 < 3;
	record(campaignId => ('3', '7', '<b>=1+1')[$_ % 3], called => 13800000000 + $_, callId => "c$_",
		callTimeStr => sprintf('2026-%02d-%02d %02d:15:00', 8 + ($_ % 40 >= 31), 1 + $_ % 40 % 31, 8 + $_ % 12),
		callStatus => $answered ? 6 : 5, failCode => $answered ? ($_ % 50 ? '00000' : '00701') : $codes[1 + $_ % 5]);
} 1 .. 2000;
is $worker->push_body(body(@records))->{status}, 200, 'results are pushed';

sub sum { my ($rows, $name) = @_; my $sum = 0; $sum += $_->{$name} for @$rows; return $sum }

subtest 'JSON' => sub {
	my ($json, $run) = ctl_json(@as_owner, 'report', '--format', 'json');
	exits($run, 0, 'is made');
	my %figures = %{ $json->{figures} };
	is_deeply [@figures{qw(calls answered failed)}], [split /\|/, $postgres->sql('select count(*),
		count(*) filter (where call_status = 6), count(*) filter (where call_status = 5) from callresult.call_result')],
		'the figures are those of the table';
	is $figures{abandoned}, $postgres->sql(q{select count(*) from callresult.call_result where cause_code in ('00701', '00702')}),
		'abandoned calls';
	is sum($json->{$_}, 'calls'), 2000, "all calls are in $_" for qw(days hours campaigns);
	is sum($json->{causes}, 'calls'), $figures{failed}, 'all failed calls have a cause';
	is sum($json->{days}, 'answered'), $figures{answered}, 'all answered calls have a day';
	is scalar @{ $json->{days} }, 40, 'forty days';
	is scalar @{ $json->{campaigns} }, 3, 'three campaigns';
	ok !exists $json->{numbers}, 'no numbers unless they are asked for';
	my ($two) = ctl_json(@as_owner, '--json', 'report', '--campaign', '3', '--campaign', '<b>=1+1', '--since', '2026-08-10',
		'--until', '2026-08-19');
	is sum($two->{days}, 'calls'), $postgres->sql(q{select count(*) from callresult.call_result where campaign_id <> '7'
		and call_time_local >= '2026-08-10' and call_time_local < '2026-08-20'}), 'two campaigns, ten days';
	is scalar @{ $two->{days} }, 10, 'the last day is in it';
	my ($none) = ctl_json(@as_owner, '--json', 'report', '--campaign', q{no "such\\{one}, '});
	is $none->{figures}{calls}, 0, 'a campaign that is not there';
	is $none->{figures}{answer_rate}, undef, 'has no rate';
	like ctl(@as_owner, 'report', '--campaign', 'none')->{out}, qr/^Call results: campaign none, no calls\n/, 'and text says so';
};

subtest 'text' => sub {
	for my $width (40, 80, 200) {
		local $ENV{COLUMNS} = $width;
		my $run = ctl(@as_owner, 'report', '--campaign', '3');
		exits($run, 0, "in $width columns");
		like $run->{out}, qr/^calls +666$/m, 'has the figures';
		my ($days) = $run->{out} =~ /By day\n-+\n(.*?)\n\n/s;
		my ($longest) = sort { $b <=> $a } map { utf8::decode(my $copy = $_); length $copy } split /\n/, $days;
		cmp_ok $longest, '<=', $width, 'the bars end in time';
	}
	$postgres->sql(q{insert into callresult.campaign (campaign_id, name) values ('7', repeat('春 offers ', 30)), ('3', e'\r=1+1')});
	for my $width (40, 60, 80, 200) {
		local $ENV{COLUMNS} = $width;
		my (undef, @lines) = split /\n/, ctl(@as_owner, 'report', '--numbers')->{out};
		utf8::decode($_) for @lines;
		is_deeply [grep { s/春/xx/gr =~ /.{${\ ($width + 1)}}/ } @lines], [], "no table is wider than $width columns";
	}
	unlike ctl(@as_owner, 'report')->{out}, qr/138000/, 'and no numbers';
	like ctl(@as_owner, 'report', '--numbers')->{out}, qr/1380000\d{4}/, 'unless they are asked for';
};

subtest 'CSV' => sub {
	my $run = ctl(@as_owner, 'report', '--format', 'csv');
	exits($run, 0, 'is made');
	like $run->{out}, qr/^calls,answered,failed,answer_rate,abandoned,abandon_rate,first_day,last_day\r\n2000,/, 'figures first';
	like $run->{out}, qr/^"<b>=1\+1",,\d+/m, 'a name with signs is quoted';
	like $run->{out}, qr/^3,"'\r=1\+1",/m, 'and no formula behind a line end';
};

subtest 'a page' => sub {
	my $file = folder() . '/report.html';
	exits(ctl(@as_owner, 'report', '--format', 'html', '-o', $file), 0, 'is written into a file');
	my $page = read_file($file);
	unlike $page, qr/<script|https?:|url\(|<link|<img/, 'loads nothing';
	unlike $page, qr/138000/, 'holds no number';
	unlike $page, qr/<b>/, 'names are text';
	like $page, qr/&lt;b&gt;=1\+1/, 'and shown as they are';
	unlike $page, qr/[\x00-\x09\x0b-\x1f]/, 'without control characters';
	is scalar(() = $page =~ /<rect class="yes" x=/g), 40, 'a bar a day';
	my ($json) = ctl_json(@as_owner, '--json', 'report');
	for my $day (@{ $json->{days} }) {
		like $page, qr/<title>$day->{day}: $day->{calls} calls, $day->{answered} answered/, "$day->{day} is drawn as it is counted";
	}
	is scalar(() = $page =~ /<title>\w+ \d+:00: /g), scalar @{ $json->{hours} }, 'a cell an hour of a weekday';
	exits(ctl(@as_owner, 'report', '-o', '/no/such/folder/x'), 1, 'a file that cannot be written');
	exits(ctl(@as_owner, 'report', '--format', 'pdf'), 2, 'a format that there is not');
	symlink '/dev/null', folder() . '/device';
	exits(ctl(@as_owner, 'report', '-o', folder() . '/device'), 0, 'into a device');
	ok -l folder() . '/device', 'which stays what it is';
	my $old = write_file(folder() . '/old', 'old');
	symlink $old, folder() . '/link';
	exits(ctl(@as_owner, 'report', '-o', folder() . '/link'), 0, 'through a link, as /dev/stdout is one');
	ok -l folder() . '/link' && read_file($old) =~ /^Call results/, 'into the file that it leads to';
	exits(ctl(@as_owner, 'report', @$_), 2, "@$_") for ['--since', 'soon'], ['--until', '2026-02-30'], ['--since', ''], ['--vdn', 'x'],
	    ['--since', '2026-08-02', '--until', '2026-08-01'];
};
subtest 'by source' => sub {
	my ($json) = ctl_json(@as_owner, '--json', 'report');
	is_deeply [map { join '|', map { $_ // '' } @$_{qw(source pushes records)} } @{ $json->{sources} }],
		[split /\n/, $postgres->sql('select source, count(*), sum(records) from callresult.push group by source order by source')],
		'what came by each token';
	is sum($json->{sources}, 'records'), 2000, 'all of it';
	for my $part (qw(sources delivery)) {
		is join('|', map { map { $_ // '' } @$_{qw(late late_by_seconds)} } @{ $json->{$part} }),
			$postgres->sql("select count(*), round(extract(epoch from max(received_at - last_call)), 1)::float8 from callresult.push
				where received_at - last_call > '10 min'"), "$part: how late";
	}
};

# what a person reads, without what was sent
sub words {
	my ($text) = @_;
	utf8::decode($text);
	return join ' ', grep { !/^(?:html|UTC|test|b|utf-8|lt|gt)$/ } $text =~ /[A-Za-z]+(?:[-_ ][A-Za-z]+)*/g;
}

subtest 'in Chinese' => sub {
	$postgres->sql('delete from callresult.campaign');
	my $zh = $postgres->sql(q{select description from callresult.failure_text where code = '34601' and lang = 'zh'});
	my $page = ctl(@as_owner, 'report', '--numbers', '--lang', 'zh', '--format', 'html')->{out};
	like $page, qr/<html lang="zh">/, 'a page says so';
	like $page, qr/\Q$zh\E/, 'it has the causes';
	$page =~ s{<style>.*?</style>}{}s;
	is words(join "\n", $page =~ />([^<]+)</g, $page =~ /aria-label="([^"]*)"/g), '', 'and no other words';
	my $text = ctl(@as_owner, 'report', '--numbers', '--lang', 'zh')->{out};
	is words($text), '', 'text has no others either';
	like $text, qr/\Q$zh\E/, 'and the causes';
	my ($title, $line) = $text =~ /\n\n([^\n]+)\n(-+)\n/;
	utf8::decode($title);
	is length $line, 2 * length $title, 'the line below a title is as wide as it';
	my $csv = ctl(@as_owner, 'report', '--lang', 'zh', '--format', 'csv')->{out};
	is words($csv), '', 'nor has CSV';
	like $csv, qr/\A\xef\xbb\xbf/, 'which a spreadsheet takes for UTF-8';
	my ($json) = ctl_json(@as_owner, '--json', 'report', '--lang', 'zh');
	utf8::decode($zh);
	ok((grep { ($_->{cause} // '') eq $zh } @{ $json->{causes} }), 'JSON has the causes');
	is $json->{figures}{calls}, 2000, 'and its own names';
	is ctl(@as_owner, 'report', '--lang', 'en')->{out}, ctl(@as_owner, 'report')->{out}, 'English is what there is without it';
	exits(ctl(@as_owner, 'report', '--lang', 'fr'), 2, 'a language that there is not');
};
subtest 'thousands' => sub {
	my @day = map {
		record(campaignId => 'large', callId => "l$_", callTimeStr => '2026-09-20 09:15:00', callStatus => $_ % 2 ? 6 : 5,
			failCode => $_ % 2 ? '00000' : '34601');
	} 1 .. 2600;
	is $worker->push_body(body(@day))->{status}, 200, 'a large campaign';
	my $page = ctl(@as_owner, 'report', '--campaign', 'large', '--format', 'html')->{out};
	is_deeply [$page =~ /<text[^>]*>([\d,]+)<\/text>(?=\n<(?:line|g|text))/g], ['2,600', '1,300', 0],
		'have separators at the axis';
	like $page, qr/<title>2026-09-20: 2,600 calls, 1,300 answered \(50\.0 %\)/, 'in the title of a day';
	like $page, qr/<title>\w+ 9:00: 1,300 of 2,600 answered/, 'and of an hour';
};

subtest 'one call' => sub {
	is $worker->push_body(body(record(campaignId => 'one', vdnId => -5, callTimeStr => '2026-09-20 09:15:00')))->{status}, 200, 'a small campaign';
	my $page = ctl(@as_owner, 'report', '--campaign', 'one', '--format', 'html')->{out};
	is_deeply [$page =~ /<text[^>]*>([\d,]+)<\/text>(?=\n<(?:line|g|text))/g], [1, 0], 'has no half a call at the axis';
	my ($json) = ctl_json(@as_owner, '--json', 'report', '--vdn', '-5');
	is $json->{figures}{calls}, 1, 'a virtual call centre may have a negative number';
};
is $worker->stop, 0, 'the worker ends well';
done_testing;
