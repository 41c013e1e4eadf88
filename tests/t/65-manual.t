#!/usr/bin/perl
# callresult(7): every example runs as the page says and shows what the page shows, and the page and the schema have the
# same objects, columns and types.  The queries of README run too.  CALLRESULTD_SHOW=1 prints what each example gives.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Rig qw(folder source read_file run_command write_file);
use Rig::Postgres;

my $postgres = Rig::Postgres->start_new;
$postgres->sql('create role reader login in role callresult_reader; create role bob login;
	create role crm login in role callresult_consumer; create schema crm authorization crm');
$postgres->sql('create table crm.call (campaign_id text, called text, called_at timestamp, cause text)', undef, 'crm');
$postgres->sql(q{select callresult.feed_add('crm')});

# --- the page: its subsections, with columns and displays

# What a line marks with Va.
sub names {
	my ($line) = @_;
	return grep { /^[a-z_0-9]+$/ } map { split ' ' } $line =~ /\bVa ((?:[a-z_0-9]+|[,.;:()]| )+)/g;
}

# A display is for the owner when the paragraph before it says so.
sub page {
	my (@sections, $display);
	my $paragraph = '';
	for (grep { !/^\.\\"/ } split /\n/, read_file(source() . '/man/callresult.7') =~ s/\A.*?(?=^\.Sh )//smr) {
		if    (/^\.Ed/)  { undef $display; $paragraph = '' }
		elsif ($display) { push @{ $display->{lines} }, s/\\e/\\/gr =~ s/\\&//gr }
		elsif (/^\.Bd/)  { push @{ $sections[-1]{displays} }, $display = { lines => [], owner => scalar($paragraph =~ /\bowner\b/) } }
		elsif (/^\.(S[hs]) (.*)/) {
			push @sections, { section => $1 eq 'Sh' ? $2 : $sections[-1]{section}, name => $2 };
			$paragraph = '';
		}
		else {
			$paragraph = /^\.Pp/ ? '' : "$paragraph$_\n";
			if (/^\.It (Va .*) Vt (\w+(?:\[\])?)$/) { $sections[-1]{columns}{$_} = $2 for names($1) }
		}
	}
	return @sections;
}

my @sections = page();
my %object = map { ($_->{name} => $_) } grep { $_->{section} =~ /^THE (?:TABLES|VIEWS)$/ && $_->{name} !~ / / } @sections;

# --- the page against the schema
my %short = ('timestamp without time zone' => 'timestamp', 'timestamp with time zone' => 'timestamptz');
my %schema;
for (split /\n/, $postgres->sql(q{select c.relname, a.attname, format_type(a.atttypid, null)
	from pg_class c join pg_attribute a on a.attrelid = c.oid
	where c.relnamespace = 'callresult'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
		and a.attnum > 0 and not a.attisdropped}))
{
	my ($relation, $column, $type) = split /\|/;
	$schema{$relation}{$column} = $short{$type} // $type;
}
is_deeply $object{$_}{columns}, $schema{$_}, "$_ has the columns of the page and no other" for sort keys %object;

my $page = read_file(source() . '/man/callresult.7');
my %named = map { ($_ => 1) } keys %object, map { names($_) } $page =~ /^(\..*)$/mg;
ok $object{$_}, "$_, which readers may read, is described"
    for split /\n/, $postgres->sql(q{select relname from pg_class where relnamespace = 'callresult'::regnamespace
		and relkind in ('r', 'p', 'v') and has_table_privilege('callresult_reader', oid, 'select')});
ok $named{$_}, "$_ is named" for sort keys %schema;

my %known = map { ($_ => 1) } 'callresult', map { ($_, keys %{ $schema{$_} }) } keys %schema;
$known{$_} = 1 for split /\n/, $postgres->sql(q{select relname from pg_class where relnamespace = 'callresult'::regnamespace
	union all select rolname from pg_roles});
ok $known{$_}, "$_ is in the schema" for sort keys %named;
ok $postgres->sql("select count(*) from pg_proc where pronamespace = 'callresult'::regnamespace and proname = '$_'"), "there is a function $_"
    for $page =~ /^\.(?:It )?Fn (\w+)/mg;
# --- the data of the examples: pushes, stored as the worker stores them
sub records {
	my ($campaign, $vdn, $day, $lines) = @_;
	return map {
		my ($time, $called, $code, $path) = split ' ';
		+{ campaign_id => $campaign, vdn_id => $vdn, session_id => "s$called", called => "1380000$called", call_time_local => "$day $time",
			call_status => ($code eq '0' ? 6 : 5), fail_code => $code, cause_code => sprintf('%05d', $code), record_path => $path }
	} split /\n/, $lines;
}

my $signed = 'rec.example.com';
my @pushes = (
	{ at => '09:30:20', records => [records('3', 11, '2026-11-02', <<"END")] },
09:28:10 0001 0 https://$signed/0001.wav?X-Amz-Date=20261102T013000Z&X-Amz-Expires=604800&X-Amz-Signature=5ec7
09:28:30 0002 537
09:29:00 0003 548
09:29:10 0004 538
09:29:50 0005 0 Y:/3/11/0005.V3
END
	{ at => '10:45:00', records => [records('3', 11, '2026-11-02', <<"END")] },
10:43:40 0006 0 https://$signed/0006.wav?X-Amz-Date=20261102T024430Z&X-Amz-Expires=604800&X-Amz-Signature=5ec7
10:44:00 0007 34611
10:44:10 0008 603
10:44:30 0002 537
END
	{ at => '11:35:00', records => [records('3', 11, '2026-11-02', <<"END")],
11:33:50 0009 0 https://$signed/0009.wav?X-Amz-Date=20261102T033430Z&X-Amz-Expires=1209600&X-Amz-Signature=5ec7
11:34:00 0010 34608
11:34:10 0011 150
11:34:20 0012 9871
END
		bad => [['campaignId is missing', '{"called":"13800000020","callStatus":5}'], ['record is not an object', '17']] },
	{ at => '14:03:30', spooled => 1, records => [records('7', 12, '2026-11-02', <<'END')],
14:01:40 0013 602
14:01:50 0014 34611
14:02:00 0015 34611
14:02:40 0016 0
14:03:00 0017 9871
END
		bad => [(['campaignId is missing', '{"called":"13800000021","callStatus":5}']) x 2] },
	{ at => '17:40:00', records => [records('3', 11, '2026-11-02', <<'END')] },
11:34:00 0010 0
11:34:10 0011 538
11:34:20 0012 9871
END
);

my $json = JSON::PP->new->canonical;
for my $push (@pushes) {
	my $values = sub { return "'" . $json->encode($_[0]) . "'" };
	my @bad = map { { reason => $_->[0], raw => $_->[1] } } @{ $push->{bad} // [] };
	my ($count, $bad, $spooled) = (@{ $push->{records} } + @bad, scalar @bad, $push->{spooled} ? 'true' : 'false');
	$postgres->sql(<<"END");
with push as materialized (
    select gen_random_uuid() as id, timestamptz '2026-11-02 $push->{at}+08' as at
), record as (
    select p.id, p.at, r.*, null::text as call_id, null::text as custom_field, null::jsonb as extra
    from push p, jsonb_to_recordset(${\ $values->($push->{records}) }) as r (campaign_id text, vdn_id int, session_id text, called text,
        call_time_local timestamp, call_status smallint, fail_code text, cause_code text, record_path text)
), refused as (
    select p.id, p.at, q.* from push p, jsonb_to_recordset(${\ $values->(\@bad) }) as q (reason text, raw text)
)
select callresult.store(p_id => array[p.id], p_received_at => array[p.at], p_arrived => array[p.at], p_remote_addr => array['192.0.2.7'],
    p_source => array['main'], p_bytes => array[1000::bigint], p_sha256 => array[sha256('')], p_records => array[$count],
    p_rows => array[coalesce(cardinality(r.push), 0)], p_quarantined => array[$bad], p_spooled => array[$spooled], p_late => array[$spooled], r_push => r.push,
    r_campaign_id => r.campaign, r_session_id => r.session, r_called => r.called, r_call_time_local => r.time, r_call_status => r.status,
    r_fail_code => r.fail, r_cause_code => r.cause, r_vdn_id => r.vdn, r_call_id => r.call, r_custom_field => r.custom,
    r_record_path => r.path, r_extra => r.extra, call_timezone => 'Asia/Shanghai', careful => false,
    q_push => coalesce(q.push, '{}'), q_reason => coalesce(q.reason, '{}'), q_raw => coalesce(q.raw, '{}'),
    p_last_call => array[(select max(t) from unnest(r.time) t)])
from push p,
    (select array_agg(1) as push, array_agg(campaign_id) as campaign, array_agg(session_id) as session,
        array_agg(called) as called, array_agg(call_time_local) as time, array_agg(call_status) as status,
        array_agg(fail_code) as fail, array_agg(cause_code) as cause, array_agg(vdn_id) as vdn, array_agg(call_id) as call,
        array_agg(custom_field) as custom, array_agg(record_path) as path, array_agg(extra) as extra from record) r,
    (select array_agg(1) as push, array_agg(reason) as reason,
        array_agg(convert_to(raw, 'UTF8')) as raw from refused) q
END
}
is $postgres->sql('select sum(records), sum(inserted), sum(updated), sum(duplicates), sum(quarantined) from callresult.push'),
    '25|18|2|1|4', 'the data of the examples are stored';
is $postgres->sql('select count(*) from callresult.check_tally()'), '0', 'and counted';
$postgres->sql('select callresult.keep_house()');

# --- the examples

# What psql prints for it, as this user, changing nothing; its message when it fails.
sub answer {
	my ($sql, $user) = @_;
	my $file = write_file(folder() . '/example.sql', "begin;\n$sql\nrollback;\n");
	local $ENV{PGTZ} = 'Asia/Shanghai';
	my $output = eval {
		run_command('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-P', 'footer=off', '-h', $postgres->{folder}, '-U', $user,
			'-d', 'callresult', '-f', $file);
	} // $@;
	return join "\n", grep { length } map { s/\s+$//r } split /\n/, $output;
}

my ($examples, $questions) = (0, 0);
for my $section (@sections) {
	for my $display (@{ $section->{displays} // [] }) {
		my $text = join "\n", @{ $display->{lines} };
		next if $text =~ /^(?:[\$#] |create (?:publication|subscription) )/;    # 94-replicas.t runs these
		my ($sql, $result) = split /\n\n/, $text, 2;
		like $sql, qr/\A(?:select|insert|grant|with|create)\b.*;\z/s, "$section->{name}: a display is SQL, then its result after an empty line";
		my $user = $display->{owner} ? 'postgres' : $section->{section} eq 'THE FEED' ? 'crm' : 'reader';
		my $answer = answer($sql, $user);
		diag "$sql\n$answer" if $ENV{CALLRESULTD_SHOW};
		if (defined $result) { is $answer, join("\n", map { s/\s+$//r } split /\n/, $result), "$section->{name}: the result is the page's" }
		else                 { unlike $answer, qr/\bERROR:|: failed:/, "$section->{name}: runs" }
		like answer($sql, 'reader'), qr/permission denied|no privileges|must have admin option/, "$section->{name}: only the owner may" if $user eq 'postgres';
		unlike $answer, qr/\bERROR:|: failed:/, "$section->{name}: runs" if $user eq 'crm';
		if ($sql =~ /^grant/) {
			like answer("$sql set role bob; select sum(calls) from callresult.campaign_summary;", $user), qr/^\s+18$/m, 'bob sees counts';
			like answer("$sql set role bob; select * from callresult.calls;", $user), qr/permission denied/, 'and no number';
		}
		$examples++;
	}
	$questions++ if $section->{section} eq 'EXAMPLES' && $section->{name} =~ /^\d/ && $section->{displays};
}
is $questions, 10, 'ten questions';
cmp_ok $examples, '>=', 14, 'and what the owner runs besides';

# --- the filters it calls quick are conditions of an index
sub condition {
	my ($from, $filter) = @_;
	return join ' ', $postgres->sql("set enable_seqscan = off; explain select * from callresult.$from where $filter") =~ /Index Cond: (.*)/g;
}

my $days = q{call_time_local >= '2026-11-02' and call_time_local < '2026-11-03'};
like condition($_, q{campaign_id = '3'}), qr/campaign_id = '3'/, "$_ by campaign"
    for qw(calls recordings redial_candidates invalid_numbers);
like condition($_, $days), qr/call_time_local >= /, "$_ by time" for qw(calls recordings call_result call_result_revision);
like condition('push', q{received_at >= '2026-11-02'}), qr/received_at >= /, 'push by its arrival';

# --- the index for numbers is a choice, and stays what was chosen
sub installed { run_command('psql', '-X', '-q', @_, '-h', $postgres->{folder}, '-U', 'postgres', '-d', 'callresult', '-f', source() . '/sql/install.sql') }
my @number = ('call_result', q{callresult.number_tail(called) = callresult.number_tail('+86 138 0000 0010')});
is condition(@number), '', 'no index finds a number';
for (['on'], []) {
	installed(map { ('-v', "number_index=$_") } @$_);
	like condition(@number), qr/'00000010'/, join ' ', 'one does', @$_ ? 'when it was asked for' : 'after an upgrade';
}
is $postgres->sql(q{select count(*) from callresult.calls_to('+86 138 0000 0010')}), '1', 'and right';
installed('-v', 'number_index=off');
is condition(@number), '', 'and goes when it is not wanted';

# --- README
my ($intro, $queries) = ('', 0);
for (split /\n\n/, read_file(source() . '/README.md')) {
	if (/^    (?:select|with)\b/) {
		my $user = $intro =~ /\bowner\b/ ? 'postgres' : 'reader';
		unlike answer($_, $user), qr/\bERROR:|: failed:/, "README: $intro";
		$queries++;
	}
	$intro = s/\n/ /gr;
}
cmp_ok $queries, '>=', 5, 'README has queries';
done_testing;
