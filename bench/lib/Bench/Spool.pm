# What an outage of PostgreSQL costs: pushes into the spool while it is away, and out of it when it is back, by themselves and
# beside live pushes.
package Bench::Spool;

use strict;
use warnings;
use Exporter qw(import);
use Time::HiRes qw(sleep time);
use Bench::Contender qw(empty_tables new_run start_callresultd send_pushes check_stored);
use Bench::Processes qw(processor_seconds);
use Rig qw(wait_for);

our @EXPORT_OK = qw(outage);

sub spooled_pushes { return ($_[0]->get('/-/metrics')->{body} =~ /^callresultd_spool_pushes (\d+)$/m)[0] }

# Fills the spool for the time; gives the figures, and starts PostgreSQL again.
sub fill {
	my ($postgres, $service, $load, $run) = @_;
	$postgres->stop('fast');
	my $figures = send_pushes($service->{nginx}{url}, $load, $run, { $service->web_parts });
	die "not all of it is in the spool\n" if spooled_pushes($service->{worker}) < $figures->{pushes};
	$postgres->start;
	return $figures;
}

# Waits until the spool is being emptied, which is some time after PostgreSQL is back.  Gives the pushes in it then.
sub await_replay {
	my ($worker) = @_;
	my $all = spooled_pushes($worker);
	my $left;
	wait_for(sub { ($left = spooled_pushes($worker)) < $all }, 60) or die "the spool is not emptied\n";
	return $left;
}

sub spool_is_empty { return spooled_pushes($_[0]) == 0 }

# What the replay does by itself.
sub replay_alone {
	my ($postgres, $service, $load) = @_;
	my %parts = $service->parts($postgres);
	my $pushes = await_replay($service->{worker});
	my $start = time;
	my %before = map { $_ => processor_seconds($parts{$_}) } keys %parts;
	wait_for(sub { spool_is_empty($service->{worker}) }, 600) or die "the spool is not emptied\n";
	return { pushes => $pushes, records => $pushes * $load->{records}, seconds => time - $start, memory => {},
		cpu => { map { $_ => processor_seconds($parts{$_}) - $before{$_} } keys %parts } };
}

# Live pushes while the spool is emptied.  Gives their figures, and those of the replay in the same time.
sub replay_beside {
	my ($postgres, $service, $load, $run) = @_;
	await_replay($service->{worker});
	$service->{worker}->wait_until_ready;    # live pushes go to the database again
	my $before = spooled_pushes($service->{worker});
	my $figures = send_pushes($service->{nginx}{url}, $load, $run, { $service->parts($postgres) });
	my $pushes = $before - spooled_pushes($service->{worker});
	die "the spool was empty too soon for a figure\n" if spool_is_empty($service->{worker});
	wait_for(sub { spool_is_empty($service->{worker}) }, 600) or die "the spool is not emptied\n";
	return ($figures, { pushes => $pushes, records => $pushes * $load->{records}, seconds => $figures->{seconds},
		cpu => {}, memory => {} });
}

# One outage.  Gives the figures: into the spool, and what came after it, by name.
sub outage {
	my ($postgres, $settings, $beside) = @_;
	return sub {
		my ($load) = @_;
		empty_tables($postgres);
		my $service = start_callresultd($postgres, $settings);
		my ($spool_run, $live_run) = (new_run(), new_run());
		my $filled = fill($postgres, $service, { %$load, seconds => $load->{seconds} * $load->{fill} }, $spool_run);
		my %figures = ('into the spool' => $filled);
		if ($beside) {
			@figures{ 'live, beside the replay', 'replay, beside live' } = replay_beside($postgres, $service, $load,
				$live_run);
			check_stored($postgres, $live_run, $figures{'live, beside the replay'}, $load);
			delete $figures{'into the spool'};
		}
		else {
			$figures{'out of the spool'} = replay_alone($postgres, $service, $load);
		}
		check_stored($postgres, $spool_run, $filled, $load);
		$service->stop;
		return %figures;
	};
}

1;
