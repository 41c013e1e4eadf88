# A database with millions of results in the month that is written to, made once, and set-based, as it would take long
# by pushes.
package Bench::Large;

use strict;
use warnings;
use Exporter qw(import);
use POSIX qw(strftime);
use Rig qw(folder);
use Rig::Postgres;

our @EXPORT_OK = qw(large_database);

my $bytes_a_row = 800;    # with indexes, and the write-ahead log while it is made
my $rows_a_step = 1_000_000;

sub check_space {
	my ($rows) = @_;
	my ($available) = (split ' ', (split /\n/, `df -Pk @{[ folder() ]}`)[1])[3];
	die "the large table wants more room than there is on the disk\n" if $available * 1024 < $rows * $bytes_a_row;
	return;
}

# Like what push.lua sends, 100 a push, spread over the days on which the runs' records are.
sub step_sql {
	my ($first, $last, $all) = @_;
	my $month = strftime('%Y-%m-01', gmtime);
	return <<"END";
insert into callresult.push (received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates,
    quarantined, spooled)
select date '$month' + n * interval '28 days' / $all,
       ('00000000-0000-7000-8000-' || lpad(to_hex(n / 100), 12, '0'))::uuid,
       '127.0.0.1', 25000, sha256(n::text::bytea), 100, 100, 0, 0, 0, false
from generate_series(cast($first as bigint), $last, 100) as n;
insert into callresult.call_result (campaign_id, session_id, called, call_id, call_time_local, call_time, call_status,
    fail_code, cause_code, vdn_id, record_path, push_id, received_at, arrived_at)
select (n % 5 + 1)::text, 'old.' || n, '13' || lpad(n::text, 9, '0'), '0023-' || n, t.local,
       t.local at time zone 'Asia/Shanghai', case n % 4 when 0 then 6 else 5 end, t.code, t.code, 11,
       'Y:/1/11/3408/' || n || '.V3',
       ('00000000-0000-7000-8000-' || lpad(to_hex(n / 100), 12, '0'))::uuid,
       date '$month' + (n - n % 100) * interval '28 days' / $all, now()
from generate_series(cast($first as bigint), $last) as n,
     lateral (select date_trunc('second', timestamp '$month' + n * interval '28 days' / $all) as local,
                     (array['00000', '00537', '00603', '00538'])[n % 4 + 1] as code) as t;
END
}

# %with: settings, rows, said => called with what is being done.  Made without fsync, and served with it.
sub large_database {
	my (%with) = @_;
	check_space($with{rows});
	my $postgres = Rig::Postgres->start_new(settings => { %{ $with{settings} }, fsync => 'off',
		full_page_writes => 'off', max_wal_size => '4GB' });
	for (my $first = 0; $first < $with{rows}; $first += $rows_a_step) {
		$with{said}->(sprintf 'a table of %d million rows: %d', $with{rows} / 1e6, $first / 1e6);
		my $last = $first + $rows_a_step;
		$postgres->sql(step_sql($first, ($last < $with{rows} ? $last : $with{rows}) - 1, $with{rows}));
	}
	$postgres->sql('vacuum (analyze) callresult.call_result');
	$postgres->sql('vacuum (analyze) callresult.push');
	$postgres->stop('fast');
	system 'sync';
	$postgres->{settings} = $with{settings};
	return $postgres->start;
}

1;
