#!/usr/bin/perl
# Any valid text, raw and escaped, in every text field and in names and values of its own: stored, read back, equal.
# CALLRESULTD_SEED repeats a run.
use strict;
use warnings;
use Test::More;
use Rig::Postgres;
use Rig::Push qw(fields $success);
use Rig::Worker;

my $seed = $ENV{CALLRESULTD_SEED} // time;
srand $seed;
my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;

# the edges of each length in UTF-8, of the surrogates and of the planes, and what lies between
my @ranges = ([1, 0x1f], [0x20, 0x7f], [0x80, 0x7ff], [0x800, 0xd7ff], [0xe000, 0xffff], [0x10000, 0x10fff],
    [0x2d800, 0x2dfff],
	[0x10000, 0x10ffff]);
my @edges = (1, 0x22, 0x2f, 0x5c, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfeff, 0xfffd .. 0x10000, 0x1ffff, 0x2d800,
    0x10ffff);

sub any { return $_[int rand @_] }

sub code_point {
	my ($first, $last) = @{ any(@ranges) };
	return rand() < 0.2 ? any(@edges) : $first + int rand($last - $first + 1);
}

sub escaped {
	my ($code) = @_;
	return sprintf any('\\u%04x', '\\u%04X'), $code if $code < 0x10000;
	return sprintf any('\\u%04x\\u%04x', '\\u%04X\\u%04x'), 0xd800 + ($code - 0x10000 >> 10),
	    0xdc00 + ($code - 0x10000 & 0x3ff);
}

# A text of so many bytes at most, in hexadecimal, and as it stands in JSON.
sub text {
	my ($limit) = @_;
	my ($bytes, $json) = ('', '');
	for (1 .. 1 + int rand($limit / 4)) {
		my $code = code_point();
		no warnings 'utf8';
		utf8::encode(my $char = chr $code);
		$bytes .= $char;
		$json .= $code < 0x20 || $code == 0x22 || $code == 0x5c || rand() < 0.5 ? escaped($code) : $char;
	}
	return (unpack('H*', $bytes), qq("$json"));
}

my @names = grep { $_->{kind} eq 'TEXT' } fields();
my (@wanted, @records);
for my $number (1 .. 2000) {
	my ($wanted, $record) = ($number, qq("vdnId":$number,"callStatus":6));
	for my $field (@names) {
		my ($hex, $json) = text($field->{limit} || 400);
		$wanted .= "|$hex";
		$record .= qq(,"$field->{name}":$json);
	}
	my ($name, $json_name) = text(100);
	my ($value, $json_value) = text(200);
	push @wanted, "$wanted|$name|$value";
	push @records, "{$record,$json_name:$json_value}";
}
while (my @push = splice @records, 0, 100) {
	is $worker->push_body('[' . join(',', @push) . ']')->{body}, $success, 'a push is acknowledged';
}
my $columns = join ', ', map { "encode(convert_to($_, 'UTF8'), 'hex')" } (map { $_->{column} } @names), 'name', 'value';
my @found = split /\n/, $postgres->sql("select vdn_id, $columns from callresult.call_result,
	lateral jsonb_each_text(extra) as extra_field (name, value) order by vdn_id");
is_deeply [map { $_ // 'missing' } @found[0 .. $#wanted]], \@wanted, 'each text comes out as it went in'
    or diag "CALLRESULTD_SEED=$seed";
is scalar @found, @wanted, 'no more';
is $worker->stop, 0, 'the worker ends well';
done_testing;
