#!/usr/bin/perl
# The programs that the benchmarks measure against: they answer, and they store.
use strict;
use warnings;
use IPC::Open2;
use Test::More;
use Rig qw(folder build spawn stop_process wait_for read_file);
use Rig::FastCGI;
use Rig::Postgres;
use Rig::Push qw(body record);

for my $kind (qw(own libfcgi)) {
	my $base = folder() . "/$kind";
	my $pid = spawn([build() . '/bench/front-end', $kind, 2, "unix:$base.sock"], log => "$base.log");
	ok wait_for(sub { read_file("$base.log") =~ / serves / }), "the front end ($kind) starts"
	    or diag read_file("$base.log");
	my $body = body(record());
	my $answer = Rig::FastCGI->connect("unix:$base.sock")
	    ->request({ REQUEST_METHOD => 'POST', CONTENT_LENGTH => length $body }, $body);
	is $answer->{status}, 200, 'and answers a push';
	stop_process($pid, 'KILL');
}

my $postgres = Rig::Postgres->start_new;
$postgres->sql('create table public.plain (like callresult.call_result including defaults)');
my $day = $postgres->sql('select current_date');
# it ends with the process, and frees nothing before
local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
for my $way ([], ['-p']) {
	my $pid = open2(my $answers, my $orders, build() . '/bench/database', @$way, qw(-c 1 -r 100 -s 50 -d 50 -t 1),
	    'run', $day,
		"host=$postgres->{folder} user=postgres dbname=callresult");
	is readline $answers, "ready\n", "the database's client is ready (@$way)";
	print {$orders} "\n";
	close $orders;
	my ($pushes) = (readline($answers) // '') =~ /^pushes=(\d+) .* failures=0$/;
	waitpid $pid, 0;
	cmp_ok $pushes // 0, '>', 0, 'and stores pushes';
	my $table = @$way ? 'public.plain' : 'callresult.call_result';
	cmp_ok $postgres->sql("select count(*) from $table"), '>=', ($pushes // 0) * 25, 'which are there';
}
done_testing;
