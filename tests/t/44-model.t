#!/usr/bin/perl
# The protocol as a model: what a worker does with pushes of one result, each step of it a state, and every state looked
# at: taken live, COMMIT's outcome unknown, put into the spool, replayed by either of two processes, put off, given up
# at the deadline, refused by a full spool, killed at any moment.  Then the real store() does what each of the model's
# histories did, with equal and other content and with clocks apart.
#
# The invariants, and what they mean for who runs it:
#
#   kept      What was answered 200 is in the database or in the spool, in every state.  So a worker may be killed and
#             a database lost from sight at any moment, and nothing acknowledged goes; the spool's disk is as precious
#             as the database's while anything waits in it.
#   leaves    From every state the way leads to one at rest: the spool empty, every push answered or given up.  So no
#             order of faults leaves a push behind that only a person gets out.
#   refused   A push is given up only when the database is not to be had and the spool is full, at the deadline, or with
#             its process.  It may be stored all the same: the platform sends again what it got no 200 for.
#   once      However often and in whatever order a result's pushes are stored, it is one row.
#   newest    Who pushes B when the answer to A is there finds B, never A: whichever way each of them went, whichever
#             process had it, and whatever their clocks say.  Of two pushes under way at once either may stand.
#   history   Each content is there as the row or as a revision, and revisions are numbered 0, 1, 2 ... without a gap.
#   evidence  Each push that was stored has one row in callresult.push, with one fate for its record, however often it
#             was stored; one push inserted it; and the tally agrees with the results.
#
# The model has CALLRESULTD_PUSHES pushes (2) and CALLRESULTD_KILLS kills (1).  store() gets every history of two pushes
# and CALLRESULTD_DRAWS (2000) of three and four, drawn by CALLRESULTD_SEED.
use strict;
use warnings;
use Test::More;
use Rig qw(folder run_command write_file);
use Rig::Postgres;

our $pushes = $ENV{CALLRESULTD_PUSHES} // 2;
my $kills = $ENV{CALLRESULTD_KILLS} // 1;
my $draws = $ENV{CALLRESULTD_DRAWS} // 2_000;
my $seed = $ENV{CALLRESULTD_SEED} // 20_200_830;

# --- the model: a state is the places of the pushes, the spool, what each process replays, the kills left, and the history
# Places: n not there yet, h held by its process, u its COMMIT's outcome unknown, l held and given up at the deadline,
# a answered 200, x given up.  Push k is process k % 2's.  History: a arrives, s stored live, r stored out of the spool,
# k answered 200.

sub state_text { my ($s) = @_; return join '|', @$s{qw(places spool replays kills history)} }

sub changed { my ($s, %change) = @_; return { %$s, %change } }

sub placed {
	my ($s, $k, $place, %change) = @_;
	my $places = $s->{places};
	substr $places, $k, 1, $place;
	return changed($s, places => $places, %change);
}

# What is stored a third time changes no more than the second.  Without the whole history, what has been stored is left of it.
our $whole;

sub happened {
	my ($s, @new) = @_;
	my @events = split / /, $s->{history};
	for my $event (@new) { push @events, $event if 2 > grep { $_ eq $event } @events; }
	if (!$whole) { my %once = map { (s/^s/r/r => 1) } grep { /[sr]/ } @events; @events = sort keys %once; }
	return history => join ' ', @events;
}

# What may become of a push that its process has.
sub held_steps {
	my ($s, $k, $room) = @_;
	my $place = substr $s->{places}, $k, 1;
	my $full = length $s->{spool} >= $room;
	my @steps;
	if ($place eq 'h' || $place eq 'l') {
		my ($end, @answer) = $place eq 'h' ? ('a', "k$k") : ('x');
		push @steps, placed($s, $k, $end, happened($s, "s$k", @answer));
		push @steps, placed($s, $k, $end, spool => "$s->{spool}$k", happened($s, @answer)) if !$full;
		push @steps, placed($s, $k, 'x') if $full || $place eq 'l';
	}
	if ($place eq 'h') {
		push @steps, placed($s, $k, 'u', happened($s, "s$k")), placed($s, $k, 'u'), placed($s, $k, 'l');
	}
	if ($place eq 'u') {
		push @steps, placed($s, $k, 'a', spool => "$s->{spool}$k", happened($s, "k$k")) if !$full;
		push @steps, placed($s, $k, 'h') if $full;
	}
	return @steps;
}

# What a process may do with the spool: read its head, store that, take it out; with faults of the model for the test.
sub replay_steps {
	my ($s, $process, $fault) = @_;
	my @replays = split /,/, $s->{replays};
	my $set = sub { my @new = @replays; $new[$process] = $_[0]; return join ',', @new };
	my ($doing, $k) = split //, $replays[$process];
	my @steps;
	if ($doing eq '-' && $s->{spool} ne '') {
		my $head = substr $s->{spool}, 0, 1;
		my %taken = $fault eq 'taken out before it is stored' ? (spool => substr $s->{spool}, 1) : ();
		push @steps, changed($s, replays => $set->("r$head"), %taken);
		push @steps, changed($s, spool => substr($s->{spool}, 1) . $head) if length $s->{spool} > 1;
	}
	elsif ($doing eq 'r') {
		push @steps, changed($s, replays => $set->("d$k"), happened($s, "r$k"));
		push @steps, changed($s, replays => $set->('-'), happened($s, "r$k"));
		push @steps, changed($s, replays => $set->('-'));
	}
	elsif ($doing eq 'd') {
		push @steps, changed($s, replays => $set->('-'), spool => $s->{spool} =~ s/$k//r);
	}
	return @steps;
}

sub kill_step {
	my ($s, $process) = @_;
	my $places = $s->{places};
	for my $k (grep { $_ % 2 == $process } 0 .. $pushes - 1) { substr($places, $k, 1) =~ tr/hul/xxx/; }
	my @replays = split /,/, $s->{replays};
	$replays[$process] = '-';
	return changed($s, places => $places, replays => join(',', @replays), kills => $s->{kills} - 1);
}

sub steps {
	my ($s, $room, $fault) = @_;
	my $next = index $s->{places}, 'n';
	my @steps = $next >= 0 ? placed($s, $next, 'h', happened($s, "a$next")) : ();
	push @steps, held_steps($s, $_, $room) for 0 .. $pushes - 1;
	push @steps, replay_steps($s, $_, $fault) for 0, 1;
	push @steps, map { kill_step($s, $_) } 0, 1 if $s->{kills} > 0;
	return @steps;
}

sub is_at_rest { my ($s) = @_; return $s->{places} !~ /[nhul]/ && $s->{spool} eq '' && $s->{replays} eq '-,-' }

sub lost {
	my ($s) = @_;
	return grep { substr($s->{places}, $_, 1) eq 'a' && $s->{history} !~ /[sr]$_/ && $s->{spool} !~ /$_/ } 0 .. $pushes - 1;
}

# Every state there is.  Gives how many, the histories of those at rest, what was lost, and states without a way to rest.
sub explore {
	my ($room, $fault) = @_;
	my $start = { places => 'n' x $pushes, spool => '', replays => '-,-', kills => $kills, history => '' };
	my %seen = (state_text($start) => 1);
	my @todo = ($start);
	my (%histories, @lost, %before, @rest);
	while (my $s = pop @todo) {
		my $text = state_text($s);
		push @lost, $text if lost($s);
		if (is_at_rest($s)) { $histories{ $s->{history} } = 1; push @rest, $text; }
		for my $next (steps($s, $room, $fault)) {
			my $next_text = state_text($next);
			push @{ $before{$next_text} }, $text;
			push @todo, $next if !$seen{$next_text}++;
		}
	}
	my %leaves = map { $_ => 1 } @rest;
	while (defined(my $text = pop @rest)) {
		for my $earlier (@{ $before{$text} // [] }) { push @rest, $earlier if !$leaves{$earlier}++; }
	}
	return { states => scalar keys %seen, histories => \%histories, lost => \@lost, stuck => [grep { !$leaves{$_} } keys %seen] };
}

for my $room ($pushes, 1) {
	my $found = explore($room, '');
	cmp_ok $found->{states}, '>', 1_000, "room for $room: $found->{states} states";
	is_deeply [@{ $found->{lost} }[0 .. 1]], [undef, undef], 'what was answered 200 is in the database or the spool';
	is_deeply [@{ $found->{stuck} }[0 .. 1]], [undef, undef], 'from every state the way leads to one at rest';
}
cmp_ok scalar @{ explore($pushes, 'taken out before it is stored')->{lost} }, '>', 0, 'the model shows a fault that is put into it';

# --- the histories of one push, and those of several: these meet in the store alone, and may do so in any order
my @alone = do {
	local ($pushes, $whole) = (1, 1);
	my %both = (%{ explore(1, '')->{histories} }, %{ explore(0, '')->{histories} });
	map { [map { /^(.)/ } split / /] } grep { /[sr]/ } sort keys %both;
};

# All ways two lists of events go one after another, the first event of the first first.
sub interleaved {
	my ($first, $second) = @_;
	return [@$second] if !@$first;
	return [@$first] if !@$second;
	my ($head, @rest) = @$first;
	my ($other, @others) = @$second;
	return (map({ [$head, @$_] } interleaved(\@rest, $second)), map({ [$other, @$_] } interleaved($first, \@others)));
}

sub of_push { my ($k, $events) = @_; return [map { "$_$k" } @$events] }

# Every history of two pushes.
sub pairs {
	my @pairs;
	for my $first (@alone) {
		my ($arrival, @rest) = @{ of_push(0, $first) };
		push @pairs, map { [$arrival, @$_] } map { interleaved(\@rest, of_push(1, $_)) } @alone;
	}
	return @pairs;
}

# One of more pushes, drawn by lot; they are numbered as they arrive.
sub drawn {
	my ($count) = @_;
	my @left = map { of_push($_, $alone[rand @alone]) } 0 .. $count - 1;
	my (@history, %number);
	my $next = 0;
	while (my @more = grep { @$_ } @left) {
		my $event = shift @{ $more[rand @more] };
		push @history, $event;
	}
	for my $event (@history) {
		my ($what, $k) = split //, $event;
		$number{$k} //= $next++;
		$event = "$what$number{$k}";
	}
	return \@history;
}

# --- the real store() on each history: equal and other content, and clocks that differ, by seconds ahead of the server's
my @clocks = ([0, 0], [-3600, 600], [600, -3600]);
sub contents { my ($count) = @_; return map { my $n = $_; [map { $n >> $_ & 1 ? 'Y' : 'X' } 0 .. $count - 1] } grep { $_ % 2 == 0 } 0 .. 2**$count - 1 }

srand $seed;
my @cases;
for my $history (pairs()) {
	for my $content (contents(2)) { push @cases, map { [$history, $content, $_] } @clocks; }
}
for my $n (1 .. $draws) {
	my $count = 3 + $n % 2;
	my @contents = contents($count);
	push @cases, [drawn($count), $contents[rand @contents], $clocks[rand @clocks]];
}
note scalar @cases . " cases, seed $seed";

my $postgres = Rig::Postgres->start_new;
# One row a call of store(): case, step, push, its number, live or not, content, arrival and clock in seconds.
sub write_steps {
	open my $file, '>', folder() . '/steps' or die;
	for my $n (0 .. $#cases) {
		my ($history, $content, $clock) = @{ $cases[$n] };
		my ($at, $step, %arrival) = (0, 0);
		for my $event (@$history) {
			my ($what, $k) = split //, $event;
			$at++;
			$arrival{$k} = $at if $what eq 'a';
			print {$file} join("\t", $n, ++$step, $k, $what eq 'r' ? 't' : 'f', $content->[$k], $arrival{$k}, $clock->[$k % 2]), "\n"
			    if $what =~ /[sr]/;
		}
	}
	close $file;
	return folder() . '/steps';
}

# The arguments of store() by their names, so that a parameter more makes no difference.
sub arguments {
	my %value = (p_id => 'id', p_received_at => 'arrived + ahead', p_arrived => 'arrived', p_bytes => '10', p_records => '1',
		p_quarantined => '0', p_spooled => 'spooled', p_sha256 => q{'\x00'::bytea}, r_push_id => 'id', r_push => 'n::int',
		r_received_at => 'arrived + ahead', r_campaign_id => 'campaign', r_called => q{'1'::text}, r_call_time_local =>
		q{timestamp '2026-11-20 10:00:00'}, r_call_status => '5::smallint', r_custom_field => 'content', r_vdn_id => '1',
		t_campaign_id => 'campaign', t_call_hour => q{timestamp '2026-11-20 10:00:00'}, t_call_status => '5::smallint',
		t_vdn_id => '1', t_calls => '1');
	my $hour = q{date_bin('1 hour', arrived + ahead, '2000-01-01 00:00:00+00')};
	my %alone = (careful => 'careful', call_timezone => q{'Asia/Shanghai'}, t_earliest => q{timestamp '2026-11-20 10:00:00'},
		t_latest => q{timestamp '2026-11-20 10:00:00'}, t_arrived => "(select case when min($hour) = max($hour) then min($hour) end from step_now)",
		t_timed => '(select count(*) from step_now)', t_lag => q{(select sum(extract(epoch from arrived + ahead) - extract(epoch from timestamp
			'2026-11-20 10:00:00')) * 1000000 from step_now)::bigint});
	my @rows = split /\n/, $postgres->sql(q{select name, format_type(type, null) from pg_proc,
		unnest(proargnames[:pronargs], proargtypes::oid[]) as a (name, type) where oid = 'callresult.store'::regproc});
	return join ', ', map {
		my ($name, $type) = split /\|/;
		my $element = $type =~ s/\[\]$//r;
		my $value = defined $alone{$name} ? $alone{$name} : $name =~ /^q_/ ? "'{}'"
		    : $type eq $element ? "null::$type" : defined $value{$name} ? "(select array_agg($value{$name} order by n) from step_now)"
		    : "array_fill(null::$element, array[(select count(*)::int from step_now)])";
		"$name => $value";
	} @rows;
}

sub run_cases {
	my ($steps, $arguments) = (write_steps(), arguments());
	my $script = write_file(folder() . '/steps.sql', <<"END");
create table step (c int, step int, push int, spooled boolean, content text, arrival int, ahead int);
\\copy step from $steps
create table call_now as select step, c, dense_rank() over (order by c / 2000) as lot, md5(c || '-' || push)::uuid as id,
	'c' || lpad(c::text, 7, '0') as campaign, content, spooled, date_trunc('hour', now()) - interval '2 h' + arrival * interval '1 s' as arrived,
	ahead * interval '1 s' as ahead from step;
create index on call_now (step, lot);
create table step_now as select *, 1::bigint as n from call_now limit 0;
create function do_step(careful boolean) returns void language sql begin atomic select from callresult.store($arguments); end;
do \$\$
declare s int; l int;
begin
	for s, l in select distinct step, lot from call_now order by 1, 2 loop
		truncate step_now;
		insert into step_now select *, row_number() over (order by campaign) from call_now where step = s and lot = l;
		perform do_step(l % 2 = 0);
		commit;
	end loop;
end
\$\$;
END
	run_command('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', $postgres->{folder}, '-U', 'postgres', '-d', 'callresult', '-f', $script);
	return;
}

# The contents of pushes that may stand: none whose answer was there before another arrived that was stored.
sub may_stand {
	my ($history, $content) = @_;
	my @events = @$history;
	my (%at, %stored);
	for my $n (0 .. $#events) {
		$at{ $events[$n] } //= $n;
		$stored{$1} = 1 if $events[$n] =~ /[sr](.)/;
	}
	my %may;
	for my $k (keys %stored) {
		next if grep { defined $at{"k$k"} && $at{"k$k"} < $at{"a$_"} } keys %stored;
		$may{ $content->[$k] } = 1;
	}
	return (\%may, { map { $content->[$_] => 1 } keys %stored }, scalar keys %stored);
}

sub judge {
	my (%row, %revisions, %evidence, %bad);
	for (split /\n/, $postgres->sql('select campaign_id, custom_field, revision from callresult.call_result')) {
		my ($campaign, @rest) = split /\|/;
		push @{ $row{$campaign} }, \@rest;
	}
	for (split /\n/, $postgres->sql('select campaign_id, custom_field, revision from callresult.call_result_revision order by revision')) {
		my ($campaign, @rest) = split /\|/;
		push @{ $revisions{$campaign} }, \@rest;
	}
	for (split /\n/, $postgres->sql(q{select campaign, count(p), sum(inserted), sum(inserted + updated + duplicates)
		from (select distinct campaign, id from call_now) n left join callresult.push p using (id) group by campaign})) {
		my ($campaign, @rest) = split /\|/;
		$evidence{$campaign} = "@rest";
	}
	for my $n (0 .. $#cases) {
		my ($history, $content, $clock) = @{ $cases[$n] };
		my $campaign = sprintf 'c%07d', $n;
		my $told = join ' ', @$history, '-', @$content, '-', @$clock;
		my ($may, $stored, $count) = may_stand($history, $content);
		my ($row, @more) = @{ $row{$campaign} // [] };
		if (!$row || @more) { push @{ $bad{once} }, $told; next; }
		my @kept = @{ $revisions{$campaign} // [] };
		push @{ $bad{newest} }, "$told: $row->[0]" if !$may->{ $row->[0] };
		push @{ $bad{history} }, $told if join(' ', sort keys %$stored) ne join ' ', sort keys %{ { map { $_->[0] => 1 } $row, @kept } };
		push @{ $bad{numbers} }, $told if join(' ', map { $_->[1] } @kept, $row) ne join ' ', 0 .. @kept;
		push @{ $bad{evidence} }, "$told: $evidence{$campaign}" if $evidence{$campaign} ne "$count 1 $count";
	}
	return \%bad;
}

run_cases();
my $bad = judge();
for my $invariant (qw(once newest history numbers evidence)) {
	my @bad = @{ $bad->{$invariant} // [] };
	is scalar @bad, 0, $invariant or diag join "\n", @bad[0 .. ($#bad < 5 ? $#bad : 5)];
}
is $postgres->sql('select * from callresult.check_tally()'), '', 'the tally agrees with the results';
done_testing;
