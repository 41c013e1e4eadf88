#!/usr/bin/perl
# The dashboard of results: every panel's SQL runs as callresult_reader and says what the results are.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig qw(source read_file);
use Rig::Postgres;
use Rig::Push qw(record body);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
$postgres->sql('create role grafana login in role callresult_reader');

# two campaigns of the last day, and one with a name that SQL has to quote
my @zoned = split /\n/, $postgres->sql(q{select to_char(date_trunc('hour', now() at time zone 'Asia/Shanghai') - h * interval '1 hour',
	'YYYY-MM-DD HH24:MI:SS') from generate_series(0, 23) h});
my @records = map {
	my $code = ('0', '537', '34611', '00701', '0')[$_ % 5];
	record(campaignId => ('3', '7', "it's")[$_ % 3], called => "1380000$_", callId => "c$_",
	    callTimeStr => $zoned[$_ % 24],
		callStatus => $code eq '0' ? 6 : 5, failCode => $code);
} 1 .. 300;
is $worker->push_body(body(@records))->{status}, 200, 'results are pushed';
is $worker->push_body(body(record(campaignId => '3', callId => 'late', callTimeStr => $zoned[2])))->{status}, 200,
    'one comes late';

is $worker->push_body(body(record(campaignId => '7', callId => 'no code', callTimeStr => $zoned[3], callStatus => 6, failCode => undef),
	record(campaignId => '7', callId => 'abandoned', callTimeStr => $zoned[3], callStatus => 6, failCode => '00701')))->{status}, 200,
    'answered calls without a code, and with another';

my $dashboard = decode_json(read_file(source() . '/monitoring/grafana/callresults.json'));
my %variable = map { ($_->{name} => $_) } @{ $dashboard->{templating}{list} };
my $campaigns = $postgres->sql($variable{campaign}{query}, 'callresult', 'grafana');
is_deeply [sort map { (split /\|/)[1] } split /\n/, $campaigns], ['3', '7', "it's"], 'the campaigns to choose from';

# As Grafana's data source of PostgreSQL puts it.
sub expanded {
	my ($sql, $chosen) = @_;
	my ($from, $to) = split /\|/, $postgres->sql(q{set timezone = 'UTC'; select to_char(now() - interval '2 days', f), to_char(now() + interval '1 day', f)
		from (values ('YYYY-MM-DD"T"HH24:MI:SS"Z"')) v (f)});
	$sql =~ s/\$\{campaign:sqlstring\}/$chosen/g;
	$sql =~ s/\$zone\b/$variable{zone}{query}/g;
	1 while $sql =~ s/\$__timeFilter\(((?:[^()]|\([^()]*\))*)\)/$1 BETWEEN '$from' AND '$to'/;
	return $sql;
}

my %answer;
for my $panel (@{ $dashboard->{panels} }) {
	for my $target (@{ $panel->{targets} }) {
		my $sql = expanded($target->{rawSql}, q{'3','7','it''s'});
		unlike $sql, qr/\$/, "$panel->{title}: no variable is left";
		like $sql, qr/\bas time\b.*order by/s, "$panel->{title}: has its times in order"
		    if $target->{format} eq 'time_series';
		my $answer = eval { $postgres->sql($sql, 'callresult', 'grafana') };
		ok defined $answer, "$panel->{title}: runs" or diag $@;
		ok length($answer // ''), "$panel->{title}: shows something" unless $panel->{title} =~ /silent/;
		$answer{ $panel->{title} } = $answer;
		ok eval { $postgres->sql(expanded($target->{rawSql}, q{'3'}), 'callresult', 'grafana'); 1 },
		    "$panel->{title}: with one campaign";
	}
}
my @figures = split /\|/, $postgres->sql(q{select count(*), count(*) filter (where call_status = 6), count(*) filter (where call_status = 5)
	from callresult.call_result});
is $answer{Calls}, $figures[0], 'all calls';
is $answer{Answered}, $figures[1], 'answered calls';
is $answer{Failed}, $figures[2], 'failed calls';
cmp_ok abs($answer{'Answer rate'} - $figures[1] / $figures[0]), '<', 1e-9, 'their part';
my ($bars, $times) = (0, 0);
for (split /\n/, $answer{'Calls by hour'}) { my (undef, $yes, $no) = split /\|/; $bars += $yes + $no; $times++ }
is "$bars calls in $times hours", "$figures[0] calls in 24 hours", 'every hour is drawn, and nothing twice';
my ($failed, $share) = (0, 0);
for (split /\n/, $answer{'Why calls fail'}) { my (undef, undef, undef, $calls, $part) = split /\|/; $failed += $calls; $share += $part }
cmp_ok abs($share - 1), '<', 1e-9, 'the causes are all there are';
is $failed, $figures[2], 'of the failed calls, and of no other';
my $late = $postgres->sql(q{select count(*), round(max(extract(epoch from received_at - last_call)), 1) from callresult.push
	where received_at - last_call > interval '10 minutes'});
my ($pushes, $longest) = (0, 0);
$pushes += (split /\|/)[2] for split /\n/, $answer{'Late pushes'};
for (split /\n/, $answer{'Lateness of pushes'}) { my $by = (split /\|/)[2]; $longest = $by if $by > $longest }
is "$pushes|$longest", $late, 'late pushes, and how late';
my %ids = map { ($_->{id} => 1) } @{ $dashboard->{panels} };
is scalar(keys %ids), scalar @{ $dashboard->{panels} }, 'each panel has an id of its own';
is $worker->stop, 0, 'the worker ends well';
done_testing;
