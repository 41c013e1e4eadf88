# Proves that a contender does the job before it is measured: the answer, the row, a refusal, and no 200 before the
# commit.
package Bench::Proof;

use strict;
use warnings;
use Exporter qw(import);
use Encode qw(encode);
use IO::Select;
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Time::HiRes qw(sleep);
use Rig::Push qw(record body post $success);
use Rig::Worker;

our @EXPORT_OK = qw(prove);

my $patience = 0.7;    # seconds in which an answer before the commit would come

# The same twice is one row, as sent.
sub stores_once {
	my ($postgres, $url, $table) = @_;
	my $record = record(customField => qq{x'"\\\x{e9}\x{4e2d}});
	my $body = encode('UTF-8', body($record));
	for (1, 2) {
		my $answer = post($url, $body);
		die "it answers $answer->{status} $answer->{content}\n" if $answer->{status} != 200 ||
		    $answer->{content} ne $success;
	}
	my $stored = decode_json($postgres->sql("select coalesce(json_agg(r), '[]') from (
		select campaign_id as \"campaignId\", session_id as \"sessionId\", called, call_id as \"callId\",
		    to_char(call_time_local, 'YYYY-MM-DD HH24:MI:SS') as \"callTimeStr\", call_status as \"callStatus\",
		    fail_code as \"failCode\", vdn_id as \"vdnId\", custom_field as \"customField\", record_path as \"recordPath\"
		from $table) as r"));
	die 'it stores ', scalar(@$stored), " rows of a record that came twice\n" if @$stored != 1;
	my @wrong = grep { ($stored->[0]{$_} // '') ne $record->{$_} } sort keys %$record;
	die "it stores another @wrong\n" if @wrong;
	return;
}

sub refuses {
	my ($url) = @_;
	for my $body ('[{', '{"a":1}') {
		die "it takes $body\n" if post($url, $body)->{status} == 200;
	}
	return;
}

# Every commit waits, from a moment later on, for a standby that does not exist; undef lets them go.
sub hold_commits {
	my ($postgres, $standby) = @_;
	$postgres->sql("alter system set synchronous_standby_names = '@{[ $standby // '' ]}'", 'postgres');
	$postgres->sql('select pg_reload_conf()', 'postgres');
	return;
}

# Sends a push; gives the socket, and whether an answer came in time.
sub send_one {
	my ($url, $call_id) = @_;
	my ($host, $path) = $url =~ m{^http://([^/]+)(/.*)};
	my $body = body(record(callId => $call_id));
	my $socket = IO::Socket::INET->new($host) or die "$host: $!\n";
	print {$socket} "POST $path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ", length $body,
	    "\r\n\r\n$body";
	$socket->flush;
	return ($socket, scalar IO::Select->new($socket)->can_read($patience));
}

# Whoever answers early does so each time; the first pushes may come before the commits are held.
sub waits_for_the_commit {
	my ($postgres, $url) = @_;
	my ($socket, $early);
	hold_commits($postgres, 'nobody');
	for my $try (1 .. 10) {
		($socket, $early) = send_one($url, "held-$try");
		last if !$early;
		sleep 0.1;
	}
	hold_commits($postgres, undef);
	die "it answers before the commit\n" if $early;
	my $answer = <$socket> // '';
	die "it answers $answer when the commit is done\n" if $answer !~ m{^HTTP/1\.1 200 };
	return;
}

# $url: of its web server; $table: where its rows are.  Dies with what is wrong.
sub prove {
	my ($postgres, $title, $url, $table) = @_;
	$url .= "/callresult/$Rig::Worker::token";
	eval {
		stores_once($postgres, $url, $table);
		refuses($url);
		waits_for_the_commit($postgres, $url);
		1;
	} or die "$title cannot be measured: $@";
	return;
}

1;
