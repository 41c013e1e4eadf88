#!/usr/bin/perl
# What a large push costs in memory, while it is stored and afterwards.
use strict;
use warnings;
use Test::More;
use Rig qw(read_file source wait_for);
use Rig::Postgres;
use Rig::Push qw($success);
use Rig::Worker;

plan skip_all => 'sanitizers want memory of their own' if qx{ldd @{[Rig::Worker::binary()]}} =~ /libasan/;

my $postgres = Rig::Postgres->start_new;
my $mib = 1 << 20;
my ($most) = read_file(source() . '/src/push/push.h') =~ /PUSH_TIMES = (\d+)/;

sub status { my ($worker, $field) = @_; return read_file("/proc/$worker->{pid}/status") =~ /^$field:\s+(\d+) kB/m ?
    $1 * 1024 : die }
sub listed { my ($unit) = @_; return '[' . join(',', ($unit) x (8 * $mib / (1 + length $unit))) . ']' }
sub among  { return '[{"campaignId":"1","callId":"1","callStatus":6,' . $_[0] . '}]' }

# what it is, the body, how often its size it may cost, and whether it is answered with 200
for my $case (
    ['small records', '[' . join(',', map { qq({"campaignId":1,"called":$_,"callStatus":5}) } 1 .. 180_000) . ']',
    $most, 1],
    ['records with escapes', listed('{"campaignId":"\\u0031","called":"\\u0031","callStatus":5,"customField":"\\n"}'),
    $most, 1], ['bad elements', listed('1'), $most, 1],
    ['one long text', among('"customField":"' . 'x' x (8 * $mib) . '"'), 4, 1],
    ['one long text of escapes', among('"customField":"' . '\\u0041' x ($mib) . '"'), 4, 1],
    ['unlisted fields', among(join ',', map { "\"f$_\":1" } 1 .. 700_000), 4, 1],
    ['unlisted numbers', among('"f":[' . join(',', (1) x (3 * $mib)) . ']'), 4, 1],
    ['unlisted names, one of them again and again', among(join ',', ('"f":1') x ($mib)), 4, 1],
    ['brackets', '[' x (3 * $mib) . ']' x (3 * $mib), 4, 1],
    ['no JSON behind 8 MiB', substr(listed('{"a":1}'), 0, -1) . 'x]', 4, 0],
) {
	my ($name, $body, $times, $good) = @$case;
	my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
	my $before = status($worker, 'VmRSS');
	my $answer = $worker->push_body($body);
	my $cost = (status($worker, 'VmHWM') - $before) / length $body;
	is $answer->{status}, $good ? 200 : 400, "$name: is answered";
	ok $cost <= $times, "and costs no more than $times times the body" or diag sprintf '%.1f times', $cost;
	is $worker->drains, 1, 'nothing of it waits';
	ok wait_for(sub { status($worker, 'VmRSS') - $before < length($body) }), 'the memory is given back'
	    or diag sprintf '%.1f times the body are kept', (status($worker, 'VmRSS') - $before) / length $body;
	note sprintf '%s: %.1f MiB, %.1f times the body, %.1f times kept', $name, length($body) / $mib, $cost,
	    (status($worker, 'VmRSS') - $before) / length $body;
	is $worker->stop, 0, 'the worker ends well';
}
done_testing;
