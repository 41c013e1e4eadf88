#!/usr/bin/perl
# What a record becomes in the database: columns, identity, duplicates, revisions, and what goes to quarantine.
use strict;
use warnings;
use utf8;
use JSON::PP;
use Test::More;
use Rig qw(wait_for);
use Rig::Postgres;
use Rig::Push qw(record body fields $success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;

sub clear { $postgres->sql('truncate callresult.call_result, callresult.call_result_revision, callresult.push,
	callresult.quarantine'); return }

# Pushes text of records; gives the columns asked for of all results, and "quarantined: reason" of what is bad.
sub stored {
	my ($columns, @bodies) = @_;
	clear();
	for my $body (@bodies) {
		utf8::encode($body) if utf8::is_utf8($body);
		my $answer = $worker->push_body($body);
		return "status $answer->{status}" if $answer->{body} ne $success;
	}
	my $text = $postgres->sql("select $columns from callresult.call_result order by called, call_time_local");
	my $bad = $postgres->sql('select string_agg(reason, \'; \' order by id) from callresult.quarantine');
	utf8::decode($text);
	return $text . ($bad ? "bad: $bad" : '');
}

# A record of the text given, so that numbers and escapes arrive as written.
my $base = '"campaignId":"c","called":"1","callStatus":6';
sub with { return "[{$base,$_[0]}]" }

is stored('campaign_id, session_id, called, call_id, call_time_local, call_time at time zone \'UTC\', call_status,
	fail_code, cause_code, vdn_id, custom_field, record_path, extra, revision', $example),
    '3|1202_test013|60584|0023-134864174|2020-08-30 20:00:00|2020-08-30 12:00:00|6|0|00000|11||' .
    'Y:/1/11/20200830/3408/0949218.V3||0', 'the documented example, column by column';

# --- the list of fields against the table
my %types = (TEXT => 'text', TIME => 'timestamp without time zone', INT2 => 'smallint', INT4 => 'integer');
is $postgres->sql("select format_type(atttypid, atttypmod) from pg_attribute
	where attrelid = 'callresult.call_result'::regclass and attname = '$_->{column}'"), $types{$_->{kind}},
    "$_->{name} has a column of its type" for fields();
is $postgres->sql("select pg_get_indexdef(indexrelid) like all (array[" .
	join(',', map { "'%$_->{column}%'" } grep { $_->{part} eq 'IDENTITY' } fields()) . "])
	from pg_index where indrelid = 'callresult.call_result'::regclass and indisunique"), 't',
    'the identity has an index';

# --- values: [what is in the record, columns, expected]
my @values = (
	['"campaignId":7', 'campaign_id', '7', 'a number as text'],
	['"called":8613800138000', 'called', '8613800138000', 'a long number keeps its digits'],
	['"called":123456789012345678901234567890', 'called', '123456789012345678901234567890', 'a very long one too'],
	['"called":1.50e3', 'called', '1.50e3', 'a number as it is written'],
	['"called":-0', 'called', '-0', 'minus zero as it is written'],
	['"callStatus":"5"', 'call_status', '5', 'an integer as a string of digits'],
	['"callStatus":7', 'call_status', '7', 'a status that is not documented'],
	['"callStatus":-32768', 'call_status', '-32768', 'the smallest status'],
	['"callStatus":32767', 'call_status', '32767', 'the greatest status'],
	['"vdnId":"0011"', 'vdn_id', '11', 'digits with zeros in front'],
	['"vdnId":2147483647', 'vdn_id', '2147483647', 'the greatest VDN'],
	['"vdnId":null', 'vdn_id is null', 't', 'null is NULL'],
	['"vdnId":""', 'vdn_id is null', 't', 'empty is NULL'],
	['"failCode":""', 'fail_code is null and cause_code is null', 't', 'an empty cause is no cause'],
	['"failCode":531', 'fail_code, cause_code', '531|00531', 'a cause as a number'],
	['"failCode":"00531"', 'fail_code, cause_code', '00531|00531', 'a cause of five digits'],
	['"failCode":"123456"', 'fail_code, cause_code', '123456|123456', 'a cause of six'],
	['"failCode":"' . '1' x 64 . '"', 'length(fail_code), length(cause_code)', '64|64', 'a cause of 64'],
	['"failCode":"E1"', 'fail_code, cause_code', 'E1|E1', 'a cause with letters'],
	['"callTimeStr":"2024-02-29 23:59:59"', 'call_time_local', '2024-02-29 23:59:59', 'a leap day'],
	['"callTimeStr":"1970-01-01 00:00:00"', 'call_time_local', '1970-01-01 00:00:00', 'the earliest time'],
	['"callTimeStr":"9999-12-31 23:59:59"', 'call_time_local', '9999-12-31 23:59:59', 'the latest time'],
	['"callTimeStr":""', 'call_time_local is null and call_time is null', 't', 'no time'],
	['"customField":"héllo \\u00e9 \\ud83d\\ude00 \\"\\\\\\/\\n\\u001f"', 'custom_field',
	    "héllo é \x{1F600} \"\\/\n\x{1f}", 'every escape and letter'],
	['"customField":"x\\ud83d"', 'custom_field', "x\x{FFFD}", 'half a surrogate pair is marked'],
	['"customField":"\\\\u0000"', 'custom_field', '\\u0000', 'a backslash before u0000 is no NUL'],
	['"called":"1","called":"2"', 'called', '2', 'of two the last stands'],
	['"called":"1","called":null,"callId":"i"', 'called is null', 't', 'also when it is null'],
	['"new":{"a":[1,null,"",{"b":true}]},"x y":"z"', 'extra',
	    '{"new": {"a": [1, null, "", {"b": true}]}, "x y": "z"}', 'unlisted fields are kept'],
	['"n":12345678901234567890123', 'extra', '{"n": "12345678901234567890123"}', 'long numbers keep their digits'],
	['"n":1e400000,"m":1.250', q{extra->>'n', extra->>'m'}, '1e400000|1.250', 'and what no number type holds'],
	['"n":"\\ud800","\\ud800":1', 'extra', "{\"n\": \"\x{FFFD}\", \"\x{FFFD}\": 1}",
	    'half a pair in unlisted fields'],
	['"CampaignId":"other"', 'campaign_id, extra', 'c|{"CampaignId": "other"}', 'names are told by case'],
	['"called":"' . 'x' x 256 . '"', 'length(called)', '256', '256 bytes of a number called'],
	['"recordPath":"' . 'x' x 10_000 . '"', 'length(record_path)', '10000', 'a long path'],
);
is stored($_->[1], with($_->[0])), $_->[2], $_->[3] for @values;

# --- bad records: [the record, what the reason begins with]
my @bad = (
	['{"called":"1","callStatus":6}', 'campaignId is missing'],
	['{"campaignId":"","called":"1","callStatus":6}', 'campaignId is missing'],
	['{"campaignId":null,"called":"1","callStatus":6}', 'campaignId is missing'],
	['{"campaignId":{},"called":"1","callStatus":6}', 'campaignId has the wrong type'],
	['{"campaignId":true,"called":"1","callStatus":6}', 'campaignId has the wrong type'],
	['{"campaignId":"c","called":["1"],"callStatus":6}', 'called has the wrong type'],
	['{"campaignId":"c","called":"1"}', 'callStatus is missing'],
	['{"campaignId":"c","callStatus":6}', 'sessionId, called and callId'],
	["{$base,\"callStatus\":32768}", 'callStatus'],
	["{$base,\"callStatus\":6.0}", 'callStatus'],
	["{$base,\"callStatus\":\"6a\"}", 'callStatus'],
	["{$base,\"callStatus\":\" 6\"}", 'callStatus'],
	["{$base,\"callStatus\":99999999999999999999}", 'callStatus'],
	["{$base,\"callStatus\":true}", 'callStatus'],
	["{$base,\"vdnId\":2147483648}", 'vdnId'],
	["{$base,\"vdnId\":\"x\"}", 'vdnId'],
	["{$base,\"campaignId\":\"" . 'é' x 129 . '"}', 'campaignId is longer'],
	(map { ["{$base,\"$_->{name}\":\"" . 'x' x ($_->{limit} + 1) . '"}',
	    "$_->{name} is longer than $_->{limit} bytes"] } grep { $_->{limit} > 0 } fields()),
	["{$base,\"called\":\"138\\u0000999\"}", 'called contains U+0000'],
	["{$base,\"called\\u0000x\":\"9\"}", 'a field name'],
	["{$base,\"x\":{\"y\":[\"\\u0000\"]}}", 'a field name or an unlisted field contains U+0000'],
	(map { ["{$base,\"callTimeStr\":\"$_\"}", 'callTimeStr'] } 'now', 'infinity', '2023-02-29 00:00:00',
	    '2023-02-28 24:00:00', '2023-02-28 23:59:60', '2023-02-28T23:59:59', '2023-02-28', '20230228 235959',
	    '1969-12-31 23:59:59', '10000-01-01 00:00:00', '2023-13-01 00:00:00', '2023-00-01 00:00:00',
	    '2023-01-01 00:00:00+08', ' 2023-01-01 00:00:00', '01/02/2023 00:00:00', '2023-04-31 12:00:00'),
	['1', 'record is not an object'],
	['null', 'record is not an object'],
	['[]', 'record is not an object'],
	["{$base,\"deep\":" . '[' x 40 . ']' x 40 . '}', 'record is nested'],
);
for my $case (@bad) {
	my ($record, $reason) = @$case;
	my $good = '{"campaignId":"c","called":"good","callStatus":6}';
	my $found = stored('called', "[$good,$record]");
	ok index($found, "goodbad: $reason") == 0, "bad, the good one is kept: " . substr $record, 0, 60 or diag $found;
}

# --- damage inside a string: the element goes to quarantine as it came, the list goes on
for my $damage (['cut inside a character', "\xe5\xa4\x87\xe6\xb3", 'is not UTF-8'],
    ['GBK', "\xbf\xcd\xbb\xa7", 'is not UTF-8'],
    ['GBK with a byte that reads as a backslash', "\x95\\\x95\\\xd6\xd0", 'is not UTF-8'],
    ['Latin-1', "Andr\xe9", 'is not UTF-8'], ['surrogates as UTF-8', "\xed\xa0\xbd\xed\xb8\x80", 'is not UTF-8'],
    ['a raw tab', "a\tb", 'contains a raw control character'],
    ['a NUL byte', "a\0b", 'contains a raw control character']) {
	my ($name, $bytes, $reason) = @$damage;
	my @good = map { "{\"campaignId\":\"c\",\"called\":\"$_\",\"callStatus\":6}" } 'a', 'b';
	my $bad = "{$base,\"customField\":\"$bytes\"}";
	for my $body ("[$good[0],$bad,$good[1]]", "{\"x\":\"$bytes\",\"callResultList\":[$good[0],$bad,$good[1]]}") {
		is stored('called', $body), "a\nbbad: customField $reason", "$name: the others are stored";
		is $postgres->sql('select encode(raw, \'hex\') from callresult.quarantine'), unpack('H*', $bad),
		    'and it is kept';
	}
}

# --- every kind of character, raw and escaped, in values and names, as it comes out again
srand 12;
my @characters = (1 .. 0x7f, 0x2d800 .. 0x2dfff, map { int rand 0x110000 } 1 .. 8000);
@characters = grep { $_ < 0xd800 || $_ > 0xdfff } @characters;
sub hex_of { my $bytes = join '', map { chr } @_; utf8::encode($bytes); return unpack 'H*', $bytes }
sub raw_of { return join '', map { $_ < 0x20 || $_ == 0x22 || $_ == 0x5c ? sprintf '\\u%04x', $_ : chr } @_ }
sub escaped { return join '', map { $_ < 0x10000 ? sprintf '\\u%04x', $_ :
	sprintf '\\u%04x\\u%04X', 0xd800 + ($_ - 0x10000 >> 10), 0xdc00 + ($_ - 0x10000 & 0x3ff) } @_ }
my ($characters_sent, @characters_kept) = ('');
while (my @some = splice @characters, 0, 16) {
	my ($raw, $escaped, $hex) = (raw_of(@some), escaped(@some), hex_of(@some));
	$characters_sent .= ($characters_sent eq '' ? '[' : ',') . '{"campaignId":"c","callStatus":6,' . join(',',
	    (map { my $name = $_->{name}; map { "\"$name\":\"$_\"" } $_->{limit} == 0 ? $raw : $escaped }
		grep { $_->{kind} eq 'TEXT' && $_->{name} ne 'campaignId' } fields()),
	    "\"$raw\":\"$escaped\"", "\"x$escaped\":\"$raw\"") . '}';
	push @characters_kept, join '|', ($hex) x 6, join ',', sort "$hex=$hex", "78$hex=$hex";
}
sub as_hex { return "encode(convert_to($_[0], 'UTF8'), 'hex')" }
is_deeply [sort split /\n/, stored(join(', ',
	(map { as_hex($_) } qw(called session_id call_id fail_code custom_field record_path)),
	"(select string_agg(pair, ',' order by pair) from (select " . as_hex('key') . " || '=' || "
	    . as_hex('value #>> \'{}\'') .
	' as pair from jsonb_each(extra)) pairs)'), "$characters_sent]")], [sort @characters_kept],
	    'characters come out as they came';

# --- identity
my @different = (record(), map { record(%$_) } { callTimeStr => '2020-08-30 20:00:01' }, { vdnId => 12 },
    { campaignId => '4' }, { sessionId => 's' }, { called => '1' }, { callId => 'i' }, { callTimeStr => undef },
    { vdnId => undef }, { sessionId => undef }, { called => undef }, { callId => undef });
stored('1', body(@different), body(@different), body(reverse @different));
is $postgres->sql('select count(*) from callresult.call_result'), scalar @different,
    'each part of the identity counts, NULLs are equal';
is $postgres->sql('select sum(duplicates) from callresult.push'), 2 * @different, 'the rest are duplicates';

is stored('custom_field, revision', body(record(customField => 'first'), record(customField => 'last'))), 'last|0',
    'twice in one push: the last stands';
is $postgres->sql('select records, inserted, updated, duplicates from callresult.push'), '2|1|0|1', 'and counts once';

is stored('custom_field, revision', map { body(record(customField => $_)) } qw(a b b a)), 'a|2',
    'other content is a revision';
is $postgres->sql('select custom_field, revision from callresult.call_result_revision order by revision'), "a|0\nb|1",
    'what it replaced is kept, in order';
is $postgres->sql('select sum(inserted), sum(updated), sum(duplicates) from callresult.push'), '1|2|1',
    'and each push says what it did';
is stored('revision', body(record(failCode => '0')), body(record(failCode => '00000'))), 1,
    'another spelling is other content';
is stored('revision', '[{' . $base . ',"a":1,"b":2}]', '[{' . $base . ',"b":2,"a":1}]'), 0,
    'another order of unlisted fields is not';

clear();
is $worker->push_body(body(map { record(called => $_) } 1 .. 20_000))->{status}, 200, 'a push above batch_records';
is $postgres->sql('select count(*) from callresult.call_result'), 20_000, 'is stored whole';
# the worker keeps house, too, and who comes second does nothing
ok wait_for(sub {
	$postgres->sql('select callresult.keep_house()');
	$postgres->sql(q{select count(*) from callresult.call_result_default}) == 0;
}), 'in a month of its own';

clear();
my $many = 3_000_000;
is $worker->push_body('[' . substr(body(record()), 1, -1) . ',{}' x $many . ']')->{status}, 200,
    'millions of bad elements';
is $postgres->sql('select count(*) from callresult.call_result'), 1, 'cost the good record nothing';
is $postgres->sql('select count(*), min(reason), min(length(raw)) > 9000000 from callresult.quarantine'),
    '1|more than 10000 elements of the list are bad; this is the whole body|t', 'and are one entry';
is $postgres->sql('select records, inserted, quarantined from callresult.push'), ($many + 1) . "|1|$many",
    'each is counted';

is $worker->stop, 0, 'the worker ends well';
done_testing;
