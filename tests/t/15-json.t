#!/usr/bin/perl
# What is JSON and what is not, random and damaged: the worker against PostgreSQL's own parser.
use strict;
use warnings;
use Test::More;
use Rig::Postgres;
use Rig::Push qw($success);
use Rig::Worker;

my $seed = $ENV{CALLRESULTD_SEED} // time;
srand $seed;
my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
$postgres->sql('create function public.is_json(bytes bytea) returns boolean language plpgsql as $$
	begin
		return convert_from(bytes, \'UTF8\')::json is not null;
	exception when data_exception then
		return false;
	end $$');

sub any { return $_[int rand @_] }

my @tokens = ('"', '\\', '{', '}', '[', ']', ',', ':', '\\u0041', '\\u00', '\\/', '\\x', 'null', 'true', 'fals', '-',
    '.', 'e', '0', '01', '1e999',
	'1.', '.5', '+1', 'NaN', ' ', "\x{e9}", '""', '{}', '[]', '"a":', '//', "'");

sub string { return '"' . join('', map { any('a', ' ', '\\n', '\\"', '\\\\', '\\/', '\\u00e9', '\\uD83D\\uDE00',
    "\xc3\xa9") } 1 .. rand 4) . '"' }

sub value {
	my ($depth) = @_;
	my $space = any('', '', ' ');
	return $space . any(string(), 'true', 'false', 'null', '0', '-0', '12', '-1.50', '1e5', '2E-7', '0.5e+3')
	    . $space if rand() < 0.5 || $depth > 3;
	return '[' . join(',', map { value($depth + 1) } 1 .. rand 4) . ($space =~ s/\S//gr) . ']' if rand() < 0.5;
	return '{' . join(',', map { $space . string() . $space . ':' . value($depth + 1) } 1 .. rand 4) . '}';
}

sub damaged {
	my ($text) = @_;
	for (1 .. rand 3) {
		my $at = int rand 1 + length $text;
		my $token = any(@tokens);
		utf8::encode($token) if utf8::is_utf8($token);
		substr $text, $at, any(0, 0, 1, 3), $token if $at < length($text) - 3;
	}
	return $text;
}

# damage in a string is judged otherwise: there is none here
my @texts = grep { utf8::decode(my $copy = $_) } map { damaged('[' . value(0) . ',' . value(0) . ']') } 1 .. 500;
my @verdicts = split /\n/, $postgres->sql('select public.is_json(decode(hex, \'hex\')) from unnest(string_to_array(\'' .
	join(',', map { unpack 'H*', $_ } @texts) . '\', \',\')) with ordinality as t (hex, n) order by n');
my @wrong = grep { ($worker->push_body($texts[$_])->{status} == 200) != ($verdicts[$_] eq 't') } grep {
    $texts[$_] =~ /\A\s*\[/ } 0 .. $#texts;
is_deeply [map { "$verdicts[$_]: $texts[$_]" } @wrong], [], 'both say the same of each text'
    or diag "CALLRESULTD_SEED=$seed";
cmp_ok scalar(grep { $_ eq $verdicts[0] } @verdicts), '<', @texts, 'some are JSON, and some are not';

# among the unlisted fields of a record: what is stored is what PostgreSQL makes of the same text
# minus zero is kept as a string
my @values = grep { !/-0(?!\.)/ } map { value(0) } 1 .. 300;
my @records = map { qq({"campaignId":"c","callStatus":6,"callId":"$_","v":$values[$_]}) } 0 .. $#values;
is $worker->push_body('[' . join(',', @records) . ']')->{body}, $success, 'random values';
is $postgres->sql('select count(*) from callresult.call_result join unnest(string_to_array(\'' .
	join(',', map { unpack 'H*', $_ } @values)
	    . '\', \',\')) with ordinality as t (hex, n) on call_id = (n - 1)::text
	where extra->\'v\' = convert_from(decode(hex, \'hex\'), \'UTF8\')::jsonb'), scalar @values,
	    'come out as they came'
    or diag "CALLRESULTD_SEED=$seed";
is $worker->stop, 0, 'the worker ends well';
done_testing;
