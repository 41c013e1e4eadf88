#!/usr/bin/perl
# A log that nobody reads: it costs no push and no end.
use strict;
use warnings;
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Test::More;
use Rig qw(spawn stop_process wait_for);
use Rig::Postgres;
use Rig::Push qw(record body);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
# libpq prints what the server says of it to whoever connects
$postgres->sql(q{update pg_database set datcollversion = '0' where datname = 'callresult'});
my $worker = Rig::Worker->configured(postgres => $postgres);

# a pipe that is full before the worker starts, and read by nobody until the end
pipe my $unread, my $full or die "pipe: $!";
fcntl $full, F_SETFL, fcntl($full, F_GETFL, 0) | O_NONBLOCK;
1 while syswrite $full, 'x' x 4096;
1 while syswrite $full, 'x';
fcntl $full, F_SETFL, fcntl($full, F_GETFL, 0) & ~O_NONBLOCK;

$worker->{pid} = spawn([Rig::Worker->binary, '-c', $worker->{config}], log => $worker->{log},
	before => sub { open STDERR, '>&', $full });
ok wait_for(sub { eval { $worker->get('/-/ready')->{body} =~ /"database":true/ } }, 60), 'it starts';

for my $outage (1, 2) {
	$postgres->stop('fast');
	is $worker->push_body(body(record(called => "out$outage$_")))->{status}, 200, "outage $outage: push $_ is taken"
	    for 1 .. 3;
	$postgres->start;
	ok $worker->drains, 'the spool drains';
	is $worker->push_body(body(record(called => "back$outage")))->{status}, 200, 'and pushes are stored again';
}
like $postgres->sql(q{select count(*) from callresult.call_result}), qr/^8$/m, 'all of them once';
$worker->signal('HUP');

is $worker->stop, 0, 'SIGTERM ends it';

# what is printed beside the log is a line of it like any other
$worker->start->wait_until_ready;
ok wait_for(sub { $worker->log_text =~ /^callresultd: warning: a library says: WARNING: .*collation version/m }),
    'libpq is heard';
unlike $worker->log_text, qr/^(?!callresultd: )/m, 'every line is one of the log';
is $worker->stop, 0, 'it ends well';
done_testing;
