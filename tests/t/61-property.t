#!/usr/bin/perl
# Random results through real pushes, and every view compared with a computation of the test's own.
# CALLRESULTD_SEED repeats a run.
use strict;
use warnings;
use utf8;
use Test::More;
use Rig::Postgres;
use Rig::Push qw(body $success);
use Rig::Worker;

my $seed = $ENV{CALLRESULTD_SEED} // time;
diag "seed $seed";
srand $seed;

my $postgres = Rig::Postgres->start_new;
# nobody keeps house until this test does
$postgres->sql('revoke execute on function callresult.keep_house(text) from callresult_writer');
$postgres->sql('set client_min_messages = error; create publication everything for all tables');
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;

sub any { return $_[rand @_] }

# --- the catalogue
my %catalogue;
for (split /\n/, $postgres->sql('select code, category, redial, description from callresult.failure_code')) {
	my ($code, $category, $redial, $description) = split /\|/;
	$catalogue{$code} = { category => $category, redial => $redial, cause => $description };
}

# What is known of a code; redial '' where nothing is.
sub known { my ($code) = @_; return $catalogue{ $code // '' } // { redial => '' } }

# --- random pushes
my @codes = (('0', '00000') x 6, '537', '00537', '538', 548, '00601', '602', '00602', '34606', '34606', '34611', '1048',
    '99999', '7',
	'no such code', 'x' x 64, ('x' x 63) . 'z', 'x' x 65, undef);

sub random_record {
	my %record = (campaignId => any('1', '2', 'Kämpagne "3"'), called => any(undef, map { "1380013800$_" } 0 .. 9),
		sessionId => any(undef, 's1', 's2'), callId => any(undef, 'c1'), vdnId => any(undef, 1, 2, '2'),
		callStatus => any(5, 5, 5, 6, 6, '6', 7), failCode => any(@codes),
		callTimeStr => any(undef, map { sprintf '2026-%02d-%02d %02d:%02d:%02d', any(10, 11, 11, 12),
		    any(1, 2, 30), any(0, 9, 10, 23),
			any(0, 59), any(0, 59) } 1 .. 8),
		customField => any(undef, undef, 'a'));
	$record{recordPath} = any('Y:/1/x.V3', 'https://r.example.com/1.wav?X-Amz-Date=20261102T090000Z&X-Amz-Expires=60', undef)
	    if rand() < 0.5;
	$record{callStatus} = 'bad' if rand() < 0.02;
	return { map { defined $record{$_} ? ($_ => $record{$_}) : () } keys %record };
}

# --- the model: what stands, by identity
my (%standing, %delivered);
my $pushes = 0;

sub cause_code { my ($code) = @_; return defined $code && $code =~ /^\d{1,5}$/ ? sprintf '%05d', $code : $code }
sub text       { return join "\0", map { $_ // "\1" } @_ }

sub push_random {
	my @records = map { random_record() } 1 .. any(0, 1, 1, 5, 30);
	utf8::encode(my $body = body(@records));
	my $answer = $worker->push_body($body);
	die "refused: $answer->{status}" if $answer->{body} ne $success;
	$pushes++;
	my %last;
	for my $record (@records) {
		$delivered{records}++;
		if ($record->{callStatus} !~ /^\d$/ || length($record->{failCode} // '') > 64 ||
		    !defined($record->{called} // $record->{sessionId} // $record->{callId})) {
			$delivered{quarantined}++;
			next;
		}
		my $identity = text(@$record{qw(callTimeStr vdnId campaignId sessionId called callId)});
		$delivered{duplicates}++ if $last{$identity};
		$last{$identity} = $record;
	}
	for my $identity (keys %last) {
		my $record = $last{$identity};
		my $content = text(@$record{qw(callStatus failCode customField recordPath)});
		if (($standing{$identity}{content} // '') eq $content) {
			$delivered{duplicates}++;
			next;
		}
		my ($day, $hour) = ($record->{callTimeStr} // '') =~ /^((\S+) \d\d)/ ? ($2, "$1:00:00") :
		    (undef, undef);
		$standing{$identity} = { content => $content, campaign => $record->{campaignId},
		    vdn => $record->{vdnId},
			called => $record->{called}, time => $record->{callTimeStr}, day => $day, hour => $hour,
			status => $record->{callStatus} + 0, cause => cause_code($record->{failCode}),
			    path => $record->{recordPath},
			session => $record->{sessionId}, call => $record->{callId}, push => $pushes };
	}
	return;
}

# --- the views by the model, as psql writes rows; undef is an empty column
sub part { my ($part, $whole) = @_; return sprintf '%.4f', int((20_000 * $part + $whole) / (2 * $whole)) / 10_000 }
sub row  { return join '|', map { $_ // '' } @_ }

sub group {
	my ($key, @calls) = @_;
	my %groups;
	push @{ $groups{ text($key->($_)) } }, $_ for @calls;
	return values %groups;
}

sub counted {
	my @calls = @_;
	my $answered = grep { $_->{status} == 6 } @calls;
	return (scalar @calls, $answered, scalar(grep { $_->{status} == 5 } @calls), part($answered, scalar @calls));
}

sub last_attempts {
	return map {
		my ($last) = sort { ($b->{time} // '') cmp($a->{time} // '') || $b->{push} <=> $a->{push}
			|| ($a->{cause} // "\x{ff}") cmp($b->{cause} // "\x{ff}") ||
			    ($a->{vdn} // 99) <=> ($b->{vdn} // 99) } @$_;
		+{ %$last, attempts => scalar @$_, answered => scalar(grep { $_->{status} == 6 } @$_),
			%{ known($last->{cause}) }, code => $last->{cause} }
	} group(sub { @{ $_[0] }{qw(campaign called)} }, grep { defined $_->{called} } @_);
}

sub expected {
	my @calls = values %standing;
	my %share;
	$share{ text(@$_{qw(campaign vdn)}) }++ for @calls;
	return (
		campaign_summary => [map { my @times = sort grep { defined } map { $_->{time} } @$_;
			row(@{ $_->[0] }{qw(campaign vdn)}, counted(@$_), $times[0], $times[-1]) }
			group(sub { @{ $_[0] }{qw(campaign vdn)} }, @calls)],
		campaign_daily => [map { row(@{ $_->[0] }{qw(campaign vdn day)}, counted(@$_)) }
			group(sub { @{ $_[0] }{qw(campaign vdn day)} }, @calls)],
		campaign_hourly => [map { row(@{ $_->[0] }{qw(campaign vdn hour)}, counted(@$_)) }
			group(sub { @{ $_[0] }{qw(campaign vdn hour)} }, @calls)],
		failure_breakdown => [map { my $call = $_->[0]; my $known = known($call->{cause});
			row(@$call{qw(campaign vdn)}, $known->{category} // 'Others', $call->{cause}, $known->{cause},
			    scalar @$_,
				part(scalar @$_, $share{ text(@$call{qw(campaign vdn)}) }), scalar(grep { $_->{status} == 5 } @$_)) }
			group(sub { @{ $_[0] }{qw(campaign vdn cause)} }, @calls)],
		call_tally => [map { row(@{ $_->[0] }{qw(campaign vdn hour status cause)}, scalar @$_) }
			group(sub { @{ $_[0] }{qw(campaign vdn hour status cause)} }, @calls)],
		platform_faults => [map { my $call = $_->[0]; my $known = known($call->{cause});
			row(@$call{qw(hour campaign vdn)}, $known->{category}, $call->{cause}, $known->{cause},
			    scalar @$_) }
			group(sub { @{ $_[0] }{qw(hour campaign vdn cause)} },
				grep { (known($_->{cause})->{redial} // '') eq 'fix' } @calls)],
		unlisted_codes => [map { my %campaigns = map { ($_->{campaign} => 1) } @$_;
			row($_->[0]{cause}, scalar @$_, scalar keys %campaigns) }
			group(sub { $_[0]{cause} }, grep { defined $_->{cause} && !$catalogue{ $_->{cause} } } @calls)],
		redial_candidates => [map { row(@$_{qw(campaign vdn called attempts time code cause redial)}) }
			grep { !$_->{answered} && $_->{redial} =~ /^(?:soon|later|fix)$/ } last_attempts(@calls)],
		invalid_numbers => [map { row(@$_{qw(campaign vdn called attempts time code cause)}) }
			grep { $_->{redial} eq 'never' } last_attempts(@calls)],
		recordings => [map { row(@$_{qw(campaign vdn called time session call)}, $_->{path} =~ s/\?.*//r,
			$_->{path} =~ /Amz/ ? '2026-11-02 09:01:00+00' : '') }
			grep { $_->{status} == 6 && defined $_->{path} } @calls],
		calls => [map { my $known = known($_->{cause});
			row(@$_{qw(campaign vdn called time status)}, $_->{status} == 6 ? 't' : 'f', $_->{cause},
			    $known->{category} // 'Others',
				$known->{cause}, $known->{redial}) } @calls],
		delivery_health => [row($pushes, map { $delivered{$_} // 0 } qw(records duplicates quarantined))],
	);
}

my %columns = (calls => 'campaign_id, vdn_id, called, call_time_local, call_status, answered, cause_code, category, cause, redial',
	delivery_health => 'sum(pushes), sum(records), sum(duplicates), sum(quarantined)',
	campaign_summary => 'campaign_id, vdn_id, calls, answered, failed, answer_rate, first_call, last_call',
	campaign_daily => 'campaign_id, vdn_id, day, calls, answered, failed, answer_rate',
	campaign_hourly => 'campaign_id, vdn_id, hour, calls, answered, failed, answer_rate',
	redial_candidates => 'campaign_id, vdn_id, called, attempts, last_call, code, cause, redial');

sub compare {
	my ($when) = @_;
	my %expected = expected();
	for my $view (sort keys %expected) {
		utf8::encode($_) for @{ $expected{$view} };
		my @rows = split /\n/, $postgres->sql("set timezone = 'UTC'; select " . ($columns{$view} // '*')
		    . " from callresult.$view");
		is_deeply [sort @rows], [sort @{ $expected{$view} }], "$view, $when" or diag "CALLRESULTD_SEED=$seed";
	}
	is $postgres->sql('select * from callresult.check_tally()'), '', "the tally agrees with the results, $when";
	return;
}

push_random() for 1 .. 40;
compare('after 40 pushes');
$postgres->sql('select callresult.fold_tally()');
compare('folded');
cmp_ok $postgres->sql('select count(*) from callresult.call_result_default where call_time_local is not null'), '>', 0,
    'some wait';
1 while $postgres->sql('select more from callresult.keep_house()') eq 't';
is $postgres->sql('select count(*) from callresult.call_result_default where call_time_local is not null'), 0,
    'for their month';
compare('the house kept');
push_random() for 1 .. 40;
compare('after 80 pushes');

my $number = '13800138003';
$postgres->sql("select * from callresult.erase_number('$number')");
delete @standing{ grep { ($standing{$_}{called} // '') eq $number } keys %standing };
compare('a number erased');
push_random() for 1 .. 20;
$postgres->sql('select callresult.rebuild_tally()');
compare('counted anew');

is $worker->stop, 0, 'the worker ends well';
done_testing;
