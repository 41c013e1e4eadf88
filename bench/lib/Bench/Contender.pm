# Who is measured: callresultd behind nginx, the front end's limit behind the same nginx, and the database's limits. Each is
# started for one run, takes one load, and is stopped again; before each run the tables are empty and a checkpoint is done.
#
# A load: records (a push), connections, duplicates (percent), times (that each push is sent; once unless told), seconds.  The figures of a run: pushes, records, seconds;
# p50 and p99, answer times in seconds; cpu => { process => seconds }, memory => { process => bytes }.
package Bench::Contender;

use strict;
use warnings;
use Exporter qw(import);
use FindBin;
use IPC::Open2;
use List::Util qw(max min);
use POSIX qw(strftime);
use Bench::Processes qw(processor_seconds resident_bytes peak_bytes);
use Rig qw(folder build run_command spawn stop_process wait_for read_file open_to_web_server);
use Rig::Nginx;
use Rig::Worker;

our @EXPORT_OK = qw(callresultd callresultd_for_minutes front_end database
    empty_tables new_run start_nginx start_callresultd send_pushes check_stored);

my $runs = 0;
my $repeat_age = 64;    # pushes between a record and its repetition, as in push.lua

# The identities of a run and the day of its calls: this month's, whose partition is there, and each run's another one.
sub new_run {
	$runs++;
	return { name => "r$runs", day => strftime('%Y-%m-', gmtime) . sprintf '%02d', 1 + $runs % 28 };
}

# What the steps of the installation have filled stays.  Without triggers, for those would count what goes.
sub empty_tables {
	my ($postgres) = @_;
	$postgres->sql(<<'END');
do $$
declare
    tables text;
begin
    select string_agg(format('%s', c.oid::regclass), ', ') into tables
    from pg_class c
    where c.relkind in ('r', 'p') and not c.relispartition
      and (c.relnamespace = 'callresult'::regnamespace
           and c.relname !~ '^(failure_.*|schema_version|feed_consumer|feed_state)$'
           or c.oid in (to_regclass('public.plain'), to_regclass('public.peer_result')));
    set local session_replication_role = replica;
    execute 'truncate ' || tables;
end
$$
END
	$postgres->sql('checkpoint');
	return;
}

# The table without anything else, for the plain-table limit.
sub make_plain_table {
	my ($postgres) = @_;
	$postgres->sql(<<'END');
set client_min_messages = warning;
create table if not exists public.plain (like callresult.call_result including defaults);
create unique index if not exists plain_identity on public.plain
    (call_time_local, vdn_id, campaign_id, session_id, called, call_id) nulls not distinct;
END
	return;
}

# --- the sender's side ---------------------------------------------------------------------------------------------

sub sender_figures {
	my ($output, $load) = @_;
	my %said = $output =~ /(\w+)=([\d.]+)/g;
	die "not every push was acknowledged:\n$output" if !defined $said{failures} || $said{failures} > 0;
	return (pushes => $said{pushes}, records => $said{pushes} * $load->{records}, seconds => $said{seconds},
		p50 => $said{p50} / 1e6, p99 => $said{p99} / 1e6);
}

# Of a push.
sub repeated_records { my ($load) = @_; return int $load->{records} * ($load->{duplicates} // 0) / 100 }

sub wrk_command {
	my ($url, $load, $run) = @_;
	return ('wrk', '-t1', "-c$load->{connections}", "-d$load->{seconds}s", '--timeout', '30s', '-s',
		"$FindBin::Bin/push.lua", "$url/callresult/$Rig::Worker::token", '--', $run->{name}, $run->{day},
		$load->{records}, repeated_records($load), $load->{pause} // 0, $load->{times} // 1);
}

sub sender_seconds { my (undef, undef, $user, $system) = times; return $user + $system }

# %$parts: process name => pid.  Gives the figures of the run.
sub send_pushes {
	my ($url, $load, $run, $parts) = @_;
	my %before = map { $_ => processor_seconds($parts->{$_}) } keys %$parts;
	my $sender = sender_seconds();
	my $output = run_command(wrk_command($url, $load, $run));
	my %cpu = (map({ $_ => processor_seconds($parts->{$_}) - $before{$_} } keys %$parts),
		sender => sender_seconds() - $sender);
	return { sender_figures($output, $load), cpu => \%cpu,
		memory => { map { $_ => resident_bytes($parts->{$_}) } keys %$parts } };
}

# Records of a run that are in the table, callresultd's own unless told; of those alone that the condition holds for.
sub stored_records {
	my ($postgres, $run, $table, $condition) = @_;
	$table //= 'callresult.call_result';
	$condition //= 'true';
	return $postgres->sql("select count(*) from $table where call_time_local >= '$run->{day}'
		and call_time_local < date '$run->{day}' + 1 and session_id like '$run->{name}.%' and $condition");
}

sub distinct_pushes { my ($figures, $load) = @_; return int $figures->{pushes} / ($load->{times} // 1) }

# Every record acknowledged is there, and none that was not sent: at the end each connection may have one push on its way.
sub check_rows {
	my ($stored, $figures, $load) = @_;
	my $unique = $load->{records} - repeated_records($load);
	my ($least, $most) = (distinct_pushes($figures, $load) * $unique, ($figures->{pushes} + $load->{connections}) * $load->{records});
	die "$stored records stored, $least to $most acknowledged\n" if $stored < $least || $stored > $most;
	return;
}

# The same for pushes that were sent, and of the first half of them, which has been answered, to the very record.  Number 0 is
# left out: wrk makes it to try, and may not send it.
sub check_stored {
	my ($postgres, $run, $figures, $load, $table) = @_;
	my $half = int distinct_pushes($figures, $load) / 2;
	my $repeated = repeated_records($load);
	my $sent = $half * ($load->{records} - $repeated) + min($half, $repeat_age - 1) * $repeated;
	check_rows(stored_records($postgres, $run, $table), $figures, $load);
	my $stored = stored_records($postgres, $run, $table, "right(session_id, 9)::int between 1 and $half");
	die "$stored records stored of $sent that were acknowledged\n" if $stored != $sent;
	return;
}

# --- contenders ----------------------------------------------------------------------------------------------------

# As many processes as Debian has: one a processor.
sub start_nginx {
	my (%with) = @_;
	return Rig::Nginx->start_new(%with, main => join ' ', 'worker_processes auto;', $with{main} // ());
}

# callresultd, started and ready, with nginx in front of it.  $settings: { section => { key => value } } of the configuration;
# $tree: where another version of it was built.
sub start_callresultd {
	my ($postgres, $settings, $tree) = @_;
	local $ENV{CALLRESULTD_BUILD} = $tree // build();
	my $worker = Rig::Worker->start_new(postgres => $postgres, log => { level => 'info' }, %{ $settings // {} })
	    ->wait_until_ready;
	return bless { worker => $worker, nginx => start_nginx(worker => $worker) }, __PACKAGE__;
}

sub web_parts { my ($service) = @_; return (nginx => $service->{nginx}{pid}, worker => $service->{worker}{pid}) }
sub parts     { my ($service, $postgres) = @_; return ($service->web_parts, PostgreSQL => $postgres->postmaster) }
sub stop      { my ($service) = @_; $service->{nginx}->stop; $service->{worker}->stop; return }

# %how: tree, as above; keep_rows => 1 where the table is not to be emptied.
sub callresultd {
	my ($postgres, $settings, %how) = @_;
	return sub {
		my ($load) = @_;
		$how{keep_rows} ? $postgres->sql('checkpoint') : empty_tables($postgres);
		my $service = start_callresultd($postgres, $settings, $how{tree});
		my $run = new_run();
		my $figures = send_pushes($service->{nginx}{url}, $load, $run, { $service->parts($postgres) });
		$figures->{memory}{peak} = peak_bytes($service->{worker}{pid});
		check_stored($postgres, $run, $figures, $load);
		$service->stop;
		return $figures;
	};
}

# Load for minutes, two at least, in runs of the given time, after each of which the table is emptied.  The figures are those
# of the last run; memory: early and late are the most that the worker had after a run of the second and of the last minute.
sub callresultd_for_minutes {
	my ($postgres, $settings, $minutes) = @_;
	return sub {
		my ($load) = @_;
		my $service = start_callresultd($postgres, $settings);
		my ($figures, @resident);
		for (my $second = 0; $second < $minutes * 60; $second += $load->{seconds}) {
			empty_tables($postgres);
			my $run = new_run();
			$figures = send_pushes($service->{nginx}{url}, $load, $run, { $service->parts($postgres) });
			check_stored($postgres, $run, $figures, $load);
			push @{ $resident[$second / 60] }, $figures->{memory}{worker};
		}
		@{ $figures->{memory} }{qw(early late peak)} = (max(@{ $resident[1] }), max(@{ $resident[-1] }),
			peak_bytes($service->{worker}{pid}));
		$service->stop;
		return $figures;
	};
}

# kind: own or libfcgi, as bench/front-end.c has it.
sub front_end {
	my ($kind, $threads) = @_;
	return sub {
		my ($load) = @_;
		my $run = new_run();
		my $base = folder() . "/f$run->{name}";
		mkdir "$base.run" or die "$base.run: $!";
		open_to_web_server("$base.run", 02750);
		my $listen = "unix:$base.run/sock";
		my $pid = spawn([build() . '/bench/front-end', $kind, $threads, $listen], log => "$base.log");
		wait_for(sub { read_file("$base.log") =~ / serves / }) or die "the front end does not start\n";
		my $nginx = start_nginx(worker => { listen => $listen });
		my $figures = send_pushes($nginx->{url}, $load, $run, { nginx => $nginx->{pid}, worker => $pid });
		$nginx->stop;
		stop_process($pid, 'KILL');
		return $figures;
	};
}

# %how: plain => 1 for the plain table; connections; records => of a transaction, 1000 unless told.
sub database {
	my ($postgres, %how) = @_;
	return sub {
		my ($load) = @_;
		make_plain_table($postgres);
		empty_tables($postgres);
		my $run = new_run();
		my $records = $how{records} // 1000;
		my $push_records = $load->{records} < $records ? $load->{records} : $records;
		my $pid = open2(my $answers, my $orders, build() . '/bench/database', ($how{plain} ? '-p' : ()), '-c',
			$how{connections}, '-r', $records, '-s', $push_records, '-d', $load->{duplicates} // 0, '-t', $load->{seconds},
			$run->{name}, $run->{day}, "host=$postgres->{folder} user=postgres dbname=callresult");
		<$answers> // die "bench/database does not start\n";
		my %parts = (PostgreSQL => $postgres->postmaster, sender => $pid);
		my %before = map { $_ => processor_seconds($parts{$_}) } keys %parts;
		syswrite $orders, "\n";
		my $output = <$answers> // die "bench/database failed\n";
		my %cpu = map { $_ => processor_seconds($parts{$_}) - $before{$_} } keys %parts;
		my $memory = resident_bytes($parts{PostgreSQL});
		waitpid $pid, 0;
		my $figures = { sender_figures($output, { records => $push_records }), cpu => \%cpu,
			memory => { PostgreSQL => $memory } };
		my $stored = $how{plain} ? $postgres->sql('select count(*) from public.plain') : stored_records($postgres, $run);
		check_rows($stored, $figures, { %$load, records => $push_records, connections => 0 });
		return $figures;
	};
}

1;
