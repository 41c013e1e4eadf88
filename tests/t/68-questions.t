#!/usr/bin/perl
# The fifteen questions of callresult(7): pushes at random, with fields missing, odd codes and calls at midnight, the
# answers by the SQL of the page, and the same computed here from what was sent.  CALLRESULTD_SEED gives other pushes.
use strict;
use warnings;
use JSON::PP;
use List::Util qw(max sum0 uniq);
use POSIX qw(strftime);
use Test::More;
use Rig qw(folder source read_file write_file);
use Rig::Ctl qw(ctl ctl_json exits administrator);
use Rig::Postgres;
use Rig::Push qw(record body);
use Rig::Worker;

$ENV{PGTZ} = 'Asia/Shanghai';
my $seed = $ENV{CALLRESULTD_SEED} // 68;
srand $seed;
diag "CALLRESULTD_SEED=$seed" if $ENV{CALLRESULTD_SEED};
my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->configured(postgres => $postgres);
$postgres->sql('create role reader login in role callresult_reader');
my @ctl = ('-c', $worker->{config}, '-d', administrator($postgres));
my $json = JSON::PP->new->canonical;

# The platform is at UTC+8 and has no summer time.
my $zone = 8 * 3600;
sleep 1 while (time + $zone) % 86_400 > 86_100;
my $now = time;
sub shown   { my ($at, $form) = @_; return strftime($form // '%Y-%m-%d %H:%M:%S', gmtime $at + $zone) }
sub day     { return shown($_[0], '%Y-%m-%d') }
sub of_day  { return ($_[0] + $zone) % 86_400 }
my $today = $now - of_day($now);

# --- what is sent: %sent has the content of each call that came last, @corrected what it said before

my %catalogue = map { my ($code, @rest) = split /\|/; ($code => \@rest) } split /\n/,
    $postgres->sql('select code, description, redial, abandoned from callresult.failure_code');
my @failures = qw(537 538 548 603 604 602 34611 00701 00702 01040 09871);
my @forms = qw(13800000010 8613800000010 913800000010 013800000010);
my (%sent, @corrected, %taken);

# A time that no other call has, and that a minute of this test moves over no border.
sub free_time {
	my ($from, $to) = @_;
	for (;;) {
		my $at = int($from + rand($to - $from));
		$at -= of_day($at) if rand() < 0.1;    # at midnight
		my $near = abs($at - $now) % 86_400;
		next if $at > $to || $taken{$at} || $near < 600 || $near > 85_800 || abs($at - $now + 30 * 86_400) < 7200;
		$taken{$at} = 1;
		return $at;
	}
}

sub content {
	my $code = rand() < 0.4 ? (0, 0, 0, 0, 0, '00000', undef)[rand 7] : $failures[rand @failures];
	my $answered = !defined $code || $code == 0 || ($code eq '00701' && rand() < 0.5);
	$answered = !$answered if rand() < 0.05;
	return (callStatus => rand() < 0.02 ? 7 : $answered ? 6 : 5, failCode => $code);
}

sub recording { return sprintf 'https://rec.example.com/%d.wav?Expires=%d', $_[0], $today + int(rand 5 * 86_400) }

my $count = 0;
sub new_call {
	my ($received) = @_;
	my $at = rand() < 0.1 ? free_time($received - 6 * 3600, $received - 700) : free_time($received - 500,
	    $received - 20);
	my $campaign = (3, 3, 7, 9)[rand 4];
	my $person = int rand 200;
	my %content = content();
	$content{recordPath} = recording(++$count) if $content{callStatus} == 6;
	undef $at if rand() < 0.02;
	my $number = $person == 0 ? $forms[rand @forms] : $person == 1 ? '13900000010' : sprintf '138%08d',
	    100 + 2 * $person + int rand 2;
	return { campaignId => "$campaign", sessionId => rand() < 0.03 ? undef : "person-$person",
		called => rand() < 0.03 ? undef : $number, callId => 'call-' . ++$count, vdnId => (11, 11, 12, undef)[rand 4],
		callTimeStr => defined $at ? shown($at) : undef, at => $at, %content };
}

# When a push came: so that its calls find free times.
sub reception {
	for (;;) {
		my $ago = 3600 * (1 + rand 24 * 75);
		my $near = $ago % 86_400;
		return $now - $ago if $near > 700 && $near < 85_200 && abs($ago - 30 * 86_400) > 8000;
	}
}

my @received = sort { $a <=> $b } map { reception() } 1 .. 14;
push @received, map { $now - 3600 * $_ } 30, 25, 3, 2;
for my $received (map { int } sort { $a <=> $b } @received) {
	my @push = map { new_call($received) } 1 .. 70;
	for my $old (map { $sent{$_} } grep { rand() < 0.02 } sort keys %sent) {
		my $new = { %$old, rand() < 0.7 ? content() : (), rand() < 0.5 ? (recordPath => recording(++$count)) : () };
		next if !%{ changes($old, $new) };
		push @corrected, $old;
		push @push, $new;
	}
	for my $call (@push) {
		$call->{received} = $received;
		$call->{first} //= $received;
		$sent{ $call->{callId} } = $call;
	}
	my $file = write_file(folder() . '/push.json', $json->encode([map { record(wanted($_)) } @push]));
	exits(ctl(@ctl, 'import', '--as-of', strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $received), $file), 0, 'a push of '
	    . @push) or BAIL_OUT('nothing to ask about');
}
sub wanted { my ($call) = @_; my %record = %$call; delete @record{qw(at received first)};
    return (recordPath => undef, %record) }
sub code   { my ($call) = @_; return defined $call->{failCode} ? sprintf '%05d', $call->{failCode} : '' }
sub cause  { my ($call) = @_; return $catalogue{ code($call) }[0] // '' }
sub advice { my ($call) = @_; return $catalogue{ code($call) }[1] // '' }
sub changes {
	my ($old, $new) = @_;
	my %name = (callStatus => 'call_status', failCode => 'fail_code', recordPath => 'record_path');
	my %changes;
	for my $name (grep { ($old->{$_} // '') ne ($new->{$_} // '') } keys %name) {
		# a code is a text, even where it has been used as a number
		$changes{ $name{$name} } = [map { $name eq 'callStatus' ? $_ + 0 : defined ? "$_" : undef } map { $_->{$name} } $old, $new];
	}
	return \%changes;
}

# A call without a time is older than any other; of several the one that arrived last, and of those the one with the
# smallest code is the newest.
my @calls = sort { ($a->{at} // -1) <=> ($b->{at} // -1) || $a->{received} <=> $b->{received}
	|| (code($b) || '~') cmp (code($a) || '~') } values %sent;
my @three = grep { $_->{campaignId} == 3 } @calls;
my @timed = grep { defined $_->{at} } @three;

# --- what the page says

my $page = read_file(source() . '/man/callresult.7');
sub statements {
	my ($question) = @_;
	my ($part) = $page =~ /^\.Ss Question $question\n(.*?)(?=^\.S[sh] )/ms;
	my @statements = ($part // '') =~ /^\.Bd [^\n]*\n(.*?)^\.Ed/msg;
	my $lines = sum0(map { tr/\n// } @statements);
	ok $lines >= 1 && $lines <= 5, "question $question takes $lines lines";
	return @statements;
}

sub rows { my ($sql) = @_; return [map { [split /\|/, $_, -1] } split /\n/, $postgres->sql($sql, 'callresult',
    'reader')] }

sub is_answered {
	my ($question, @expected) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @statements = statements($question);
	for my $statement (@statements) {
		my $expected = shift @expected;
		cmp_ok scalar @$expected, '>', 0, "question $question has something to answer";
		is_deeply rows($statement), [map { [map { $_ // '' } @$_] } @$expected],
		    "question $question is answered as it was sent";
	}
	return;
}

# The answer with some columns as numbers, which SQL writes with more places.
sub rounded { my ($rows, @columns) = @_; for my $row (@$rows) { $row->[$_] = sprintf '%.6f', $row->[$_]
    for @columns } return $rows }
sub answered { return scalar grep { $_->{callStatus} == 6 } @_ }
sub rate { return sprintf '%.6f', $_[1] ? $_[0] / $_[1] : 0 }
sub group_by { my ($key, @of) = @_; my %groups; push @{ $groups{ $key->($_) } }, $_ for @of; return %groups }

sub is_rated {
	my ($question, $columns, $expected) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($statement) = statements($question);
	is_deeply rounded(rows($statement), @$columns), [map { [map { $_ // '' } @$_] } @$expected],
	    "question $question is answered as it was sent";
	return;
}

# --- the questions

my %days = group_by(sub { day($_[0]{at}) }, grep { $_->{at} >= $today - 86_400 &&
    of_day($_->{at}) <= of_day($now) } @timed);
is_rated(1, [3], [map { [$_, scalar @{ $days{$_} }, answered(@{ $days{$_} }), rate(answered(@{ $days{$_} }),
    scalar @{ $days{$_} })] } sort keys %days]);

my %hours = group_by(sub { shown($_[0]{at}, '%u|%H') }, @timed);
is_answered(2, [map { [(map { $_ + 0 } split /\|/), scalar @{ $hours{$_} },
    answered(@{ $hours{$_} })] } sort keys %hours]);

my %numbers = group_by(sub { $_[0]{called} }, grep { defined $_->{called} } @three);
my %last = map { ($_ => $numbers{$_}[-1]) } keys %numbers;
my @never = grep { !answered(@{ $numbers{$_} }) } sort keys %numbers;
is_answered(3, [map { [$_, scalar @{ $numbers{$_} }, $last{$_}{callTimeStr}] } grep { @{ $numbers{$_} } >= 3 } @never]);

my %form = map { ($_ => 1) } @forms;
is_answered(4, [map { [@$_{qw(campaignId callTimeStr called)}, cause($_)] } reverse grep {
    $form{ $_->{called} // '' } } @calls]);
my %persons = group_by(sub { $_[0]{sessionId} }, grep { defined $_->{sessionId} } @three);
my %reached = map { ($_ => 1) } grep { answered(@{ $persons{$_} }) } keys %persons;
is_answered(5, [map { [$_, scalar @{ $numbers{$_} }, $last{$_}{callTimeStr}, cause($last{$_})] }
    grep { advice($last{$_}) =~ /soon|later/ && !grep { $reached{ $_->{sessionId} // '' } } @{ $numbers{$_} } } @never]);
is_answered(6, [map { [$_, cause($last{$_})] } grep { advice($last{$_}) eq 'never' } sort keys %last]);

my %causes = group_by(\&code, grep { $_->{callStatus} == 5 } @three);
my $failed = sum0(map { scalar @$_ } values %causes);
is_rated(7, [3], [map { [$_, $catalogue{$_}[0] // '', scalar @{ $causes{$_} }, rate(scalar @{ $causes{$_} }, $failed)] }
    sort { @{ $causes{$b} } <=> @{ $causes{$a} } || $a cmp $b } keys %causes]);
cmp_ok abs(1 - sum0(map { $_->[3] } @{ rows((statements(7))[0]) })), '<', 1e-12, 'the shares add up to one';

my %dates = group_by(sub { (defined $_[0]{at} ? day($_[0]{at}) : '') . "|$_[0]{campaignId}" },
    grep { $_->{campaignId} =~ /[37]/ } @calls);
is_rated(8, [4], [map { my @of = @{ $dates{$_} }; [(split /\|/), scalar @of, answered(@of), rate(answered(@of), scalar @of)] }
    sort { ($a =~ /^\|/) <=> ($b =~ /^\|/) || $a cmp $b } keys %dates]);

my %weeks = group_by(sub { day($_[0]{at} - (shown($_[0]{at}, '%u') - 1) * 86_400) },
    grep { $_->{at} >= $today - (shown($today, '%u') - 1 + 91) * 86_400 } @timed);
is_rated(9, [2], [map { [$_, scalar @{ $weeks{$_} }, rate(answered(@{ $weeks{$_} }),
    scalar @{ $weeks{$_} })] } sort keys %weeks]);

sub numbers { return join ',', sort(uniq(grep { defined } map { $_->{called} } @_)) }
my %at = map { my @of = @{ $persons{$_} }; ($_ => [numbers(@of), numbers(grep { $_->{callStatus} == 6 } @of)]) } keys %persons;
is_answered(10, [[scalar keys %persons, scalar keys %reached]],
    [map { [$_, map { "{$_}" } @{ $at{$_} }] } grep { $at{$_}[1] ne '' && $at{$_}[0] ne $at{$_}[1] } sort keys %at]);

my @recent = grep { $_->{at} >= $now - 30 * 86_400 } @timed;
my $abandoned = grep { ($catalogue{ code($_) }[2] // '') eq 't' } @recent;
is_rated(11, [2], [[answered(@recent), $abandoned, rate($abandoned, answered(@recent) + $abandoned)]]);

my ($tomorrow, $after) = ($today + 86_400, $today + 2 * 86_400);
is_answered(12, [map { [$_->{called}, $_->{recordPath} =~ s/\?.*//r] } sort { $a->{recordPath} cmp $b->{recordPath} }
    grep { $_->{callStatus} == 6 && ($_->{recordPath} // '') =~ /Expires=(\d+)/ && $1 >= $tomorrow &&
    $1 < $after } @calls]);

my ($corrections) = statements(13);
# what is said of a call that changed twice is what stands now
is_deeply [sort map { join '|', @$_[0 .. 3], $_->[4] ? $json->encode($json->decode($_->[4])) : '' } @{ rows($corrections) }],
    [sort map {
	my $now = $sent{ $_->{callId} };
	my $changes = changes($_, $now);
	join '|', map { $_ // '' } @$_{qw(called callTimeStr)}, code($_), code($now), %$changes ? $json->encode($changes) : '';
    } @corrected], 'question 13 is answered as it was sent';
cmp_ok scalar @corrected, '>', 20, 'much was corrected';

my @late = map { $_->{first} - $_->{at} } grep { defined $_->{at} && $_->{first} - $_->{at} > 600 } @calls;
my ($late) = @{ rows("select late, extract(epoch from mean), extract(epoch from most) from ("
    . ((statements(14))[0] =~ s/;\s*\z//r) . ') q') };
is_deeply [map { $_ + 0 } @$late[0, 2]], [scalar @late, max(@late)], 'question 14 is answered as it was sent';
# an interval is divided in days and microseconds, and each is rounded
cmp_ok abs($late->[1] - sum0(@late) / @late), '<', 1e-5, 'and so is the mean';

statements(15);
my @missing = map { { %{ new_call($now - 7200) }, callId => "missing-$_" } } 1 .. 3;
my $answer = write_file(folder() . '/answer.json', $json->encode({ totalCount => @calls + 3,
    data => [map { record(wanted($_)) } @calls, @missing] }));
my ($reconciled, $run) = ctl_json(@ctl, 'reconcile', '--json', $answer);
exits($run, 1, 'question 15: calls are missing');
is_deeply [sort map { $_->{call_id} } @{ $reconciled->{missing} }], [map { "missing-$_" } 1 .. 3], 'and these are they';
done_testing;
