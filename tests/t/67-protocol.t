#!/usr/bin/perl
# callresult-push(7) and callresultd(8): each push of the examples, run as it stands there but for host and token,
# behind a real nginx, is answered as the page says and stored as it says.
use strict;
use warnings;
use Test::More;
use Rig qw(source read_file run_command);
use Rig::Nginx;
use Rig::Postgres;
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
my $nginx = Rig::Nginx->start_new(worker => $worker);

my $examples = 0;
for my $page (qw(callresult-push.7 callresultd.8)) {
	my ($section) = read_file(source() . "/man/$page") =~ /^\.Sh EXAMPLES$(.*?)^\.Sh/ms;
	for my $display (grep { /^\$ curl / } $section =~ /^\.Bd[^\n]*\n(.*?)^\.Ed/msg) {
		my ($command, $answer) = $display =~ /\A\$ (.*)\n(\{.*)\n\z/s
		    or BAIL_OUT("$page: no command and its answer: $display");
		my $run = $command =~ s/\\e$/\\/mgr =~ s{https://your\.host/}{$nginx->{url}/}gr =~ s/\bTOKEN\b/$Rig::Worker::token/gr;
		is run_command('sh', '-c', $run =~ s/\bcurl /curl -s /r), $answer, "$page: $command";
		$examples++;
	}
}
is $examples, 5, 'all of them were run';
is $postgres->sql(q{select string_agg(called, ' ' order by called) from callresult.call_result}), '60584 60586',
    'the good are results';
is $postgres->sql(q{select string_agg(reason, ' ' order by id) from callresult.quarantine}),
    'callStatus is missing The body is not JSON, or is cut short.', 'the others are in quarantine, with their reasons';
is $worker->stop, 0, 'the worker ends well';
done_testing;
