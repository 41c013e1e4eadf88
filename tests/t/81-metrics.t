#!/usr/bin/perl
# The metrics: what Prometheus wants, true at every moment, told in the manual, and what the samples are made of.
use strict;
use warnings;
use JSON::PP qw(decode_json);
use Test::More;
use Time::HiRes qw(sleep);
use Rig qw(folder source wait_for read_file write_file run_command);
use Rig::Load;
use Rig::Postgres;
use Rig::Push qw(record body $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $begun = time;
my $worker = Rig::Worker->start_new(postgres => $postgres, server => { max_body => '64K' })->wait_until_ready;
my $serves = time;

sub scrape { return ($_[0] // $worker)->get('/-/metrics')->{body} }

# The value of one series, or the sum over its labels.
sub value_of {
	my ($text, $name) = @_;
	my @values = $text =~ /^\Q$name\E(?:\{[^}]*\})? (\S+)$/mg;
	my $sum = 0;
	$sum += $_ for @values;
	return @values ? $sum : undef;
}

sub fates { return map { value_of($_[0], qq(callresultd_records_total{fate="$_"})) } qw(inserted updated duplicate quarantined) }

subtest 'under load' => sub {
	my $load = Rig::Load->start_new(worker => $worker, senders => 4, pause => 0);
	my @wrong;
	ok wait_for(sub {
		my $text = scrape();
		my ($sum, $received) = (value_of($text, 'callresultd_records_total'), value_of($text, 'callresultd_records_received_total'));
		push @wrong, "$sum of $received" if $sum != $received;
		return $received > 2000;
	}, 60), 'records come in';
	$load->stop;
	is_deeply \@wrong, [], 'the fates sum up to what was received at every moment';
};

subtest 'and the database' => sub {
	$worker->push_body($_) for $example, $example, body(record(failCode => '34601')), '{', '{"x":1}', 'x' x 100_000,
	    body({ called => 'bad' }, record(called => 'good'));
	$worker->request('POST', '/wrong', '[]');
	my $text = scrape();
	is join('|', fates($text)), $postgres->sql('select sum(inserted), sum(updated), sum(duplicates), sum(quarantined)
		from callresult.push'), 'the fates are those of table push';
	is value_of($text, 'callresultd_stored_pushes_total'), $postgres->sql('select count(*) from callresult.push'), 'pushes';
	is value_of($text, 'callresultd_quarantined_bodies_total'), 2, 'bad bodies';
	is value_of($text, 'callresultd_pushes_total{status="403"}'), 1, 'a wrong token';
	is value_of($text, 'callresultd_refused_pushes_total'), 1, 'a body too large is kept nowhere';
	is value_of($text, 'callresultd_answer_duration_seconds_count'), value_of($text, 'callresultd_pushes_total'),
	    'every answer took its time';
	is value_of($text, 'callresultd_batch_pushes_sum'), value_of($text, 'callresultd_stored_pushes_total'), 'batches: pushes';
	is value_of($text, 'callresultd_batch_records_sum'), value_of($text, 'callresultd_records_received_total'),
	    'batches: records';
	is value_of($text, 'callresultd_commit_duration_seconds_count'), value_of($text, 'callresultd_batch_pushes_count'),
	    'a time for each transaction';
	my $start = value_of($text, 'process_start_time_seconds');
	ok $begun - 2 < $start && $start < $serves + 2, 'the start time' or diag "$begun $start $serves";
	ok index($text, $Rig::Worker::token) < 0 && $text !~ /60584/, 'no token and no number is shown';
};

subtest 'an outage' => sub {
	is value_of(scrape(), 'callresultd_spool_oldest_age_seconds'), 0, 'nothing waits';
	my $stored = value_of(scrape(), 'callresultd_stored_pushes_total');
	$postgres->stop('fast');
	wait_for(sub { value_of(scrape(), 'callresultd_database_up') == 0 });
	$worker->push_body(body(record(called => "outage$_"))) for 1 .. 3;
	sleep 0.1;
	my $text = scrape();
	is value_of($text, 'callresultd_spool_pushes'), 3, 'pushes wait';
	is value_of($text, 'callresultd_spooled_pushes_total'), 3, 'and are counted';
	cmp_ok value_of($text, 'callresultd_spool_bytes'), '>', 3 * 100, 'bytes';
	cmp_ok value_of($text, 'callresultd_spool_oldest_age_seconds'), '>', 0.1, 'the oldest has an age';
	is value_of($text, 'callresultd_spool_up'), 1, 'the spool stands';
	is value_of($text, 'callresultd_spool_max_bytes'), 10 * 2**30, 'its limit is shown';
	$postgres->start;
	ok wait_for(sub { value_of(scrape(), 'callresultd_spool_pushes') == 0 }), 'they are stored';
	$text = scrape();
	is value_of($text, 'callresultd_replayed_pushes_total'), 3, 'from the spool';
	is value_of($text, 'callresultd_stored_pushes_total'), $stored + 3, 'and are stored pushes';
	is value_of($text, 'callresultd_spool_oldest_age_seconds'), 0, 'nothing waits any more';
};

subtest 'nowhere to store' => sub {
	my $lost = Rig::Worker->start_new(postgres => undef, spool => { path => folder() . '/no/such/folder/spool.db' },
	    database => { conninfo => 'host=' . folder() . ' user=worker' }, server => { reply_deadline => '200ms' });
	is $lost->push_body($example)->{status}, 503, 'is refused';
	my $text = scrape($lost);
	is value_of($text, 'callresultd_refused_pushes_total'), 1, 'and counted';
	is value_of($text, 'callresultd_spool_up'), 0, 'there is no spool';
	is value_of($text, 'callresultd_database_up'), 0, 'and no database';
};

my $text = scrape();
my $file = write_file(folder() . '/metrics', $text);
is run_command('sh', '-c', "promtool check metrics <$file"), '', 'promtool finds nothing in the metrics';

my %families = map { $_ => 1 } $text =~ /^# TYPE (\S+)/mg;
my %series = map { $_ => 1 } $text =~ /^([a-z_]+)/mg;
my $manual = read_file(source() . '/man/callresultd.8') =~ s/ , /\n.It Va /gr;
like $manual, qr/^\.(?:It )?Va \Q$_\E\b/m, "the manual has $_" for grep { /^callresultd_/ } sort keys %families;

subtest 'the samples' => sub {
	my $folder = source() . '/monitoring/prometheus';
	like run_command('promtool', 'check', 'rules', "$folder/callresultd.rules.yml"), qr/SUCCESS/, 'the alerts are valid';
	my @tests = glob "$folder/*.test.yml";
	like run_command('promtool', 'test', 'rules', $_), qr/SUCCESS/, 'and do what they should' for @tests;
	my $rules = read_file("$folder/callresultd.rules.yml");
	my $tests = join '', map { read_file($_) } @tests;
	like $tests, qr/alertname: $_$/m, "$_ has a test that it fires" for $rules =~ /alert: (\w+)/g;
	# whoever is woken can type what the alerts say
	my @commands = read_file(source() . '/src/ctl/ctl.c') =~ /^\t\{ "([a-z ]+)", "/mg;
	my @named_commands = ($rules =~ s/\n\s+/ /gr) =~ /"callresultctl ([^"]+)"/g;
	cmp_ok scalar @named_commands, '>', 10, 'the alerts name commands';
	is_deeply [grep { my $named = $_; !grep { $named =~ /^\Q$_\E\b/ } @commands } @named_commands], [], 'which exist';
	is $postgres->sql("select to_regclass('callresult.$_') is not null or to_regproc('callresult.$_') is not null"), 't', "$_ exists"
	    for $rules =~ m{callresult\.(?!log\b)(\w+)}g;
	my $dashboard = decode_json(read_file(source() . '/monitoring/grafana/callresultd.json'));
	my @expressions = map { map { $_->{expr} } @{ $_->{targets} } } @{ $dashboard->{panels} };
	cmp_ok scalar @expressions, '>', 20, 'the dashboard shows something';
	my @named = ((map { s/"[^"]*"//gr } @expressions), map { s/"[^"]*"//gr } $rules =~ /expr: (.*)/g);
	my %named = map { $_ => 1 } map { /\b((?:callresultd|process)_\w+)/g } @named;
	# a gauge is shown once somebody has set it
	my %made = map { ("callresultd_$_" => 1) } read_file(source() . '/src/metrics/metrics.def') =~ /^METRIC\(\w+, "(\w+)"/mg;
	is_deeply [grep { !$series{$_} && !$made{$_} } sort keys %named], [], 'every metric that they name is there';
};
is $worker->stop, 0, 'the worker ends well';
done_testing;
