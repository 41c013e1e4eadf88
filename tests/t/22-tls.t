#!/usr/bin/perl
# The complete TLS server that is shipped: the platform's TLS versions, and no older ones.
use strict;
use warnings;
use Test::More;
use Rig qw(folder source run_command free_port read_file write_file);
use Rig::Nginx;
use Rig::Postgres;
use Rig::Push qw($success $example);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
my ($key, $certificate, $port) = (folder() . '/key.pem', folder() . '/certificate.pem', free_port());
run_command('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', $key, '-out', $certificate,
    '-subj', '/CN=localhost', '-days', '2', '-addext', 'subjectAltName=DNS:localhost');

my $server = read_file(source() . '/nginx/callresult-server.conf');
$server =~ s{listen 443}{listen 127.0.0.1:$port};
$server =~ s{listen \[::\]:443[^;]*;}{};
$server =~ s{/etc/ssl/certs/callresult\.pem}{$certificate};
$server =~ s{/etc/ssl/private/callresult\.key}{$key};
$server =~ s{callresult\.example\.com}{localhost};
my $nginx_folder = folder() . '/nginx1';
$server =~ s{include snippets/}{include $nginx_folder/};
my $nginx = Rig::Nginx->start_new(worker => $worker, port => $port, server => $server);
my $url = "https://localhost:$port/callresult/$Rig::Worker::token";
my $body = write_file(folder() . '/body', $example);

# Status and answer of a push by curl.
sub push_by_curl {
	my (@options) = @_;
	my $answer = eval { run_command('curl', '-s', '--cacert', $certificate, '--resolve',
	    "localhost:$port:127.0.0.1",
		'--data-binary', "\@$body", '-w', ' %{http_code}', @options, $url) };
	return $answer // 'no connection';
}

is push_by_curl('--tls-max', '1.2'), "$success 200", 'TLS 1.2';
is push_by_curl('--tlsv1.3'), "$success 200", 'TLS 1.3';
is push_by_curl('--http2'), "$success 200", 'HTTP/2';
is push_by_curl('--tlsv1.0', '--tls-max', '1.1', '--ciphers', 'DEFAULT@SECLEVEL=0'), 'no connection',
    'TLS 1.1 is refused';
is push_by_curl('--tlsv1.0', '--tls-max', '1.0', '--ciphers', 'DEFAULT@SECLEVEL=0'), 'no connection',
    'TLS 1.0 is refused';
is $postgres->sql('select count(*) from callresult.call_result'), 1, 'the record is stored once';

# Status, type and content of what nginx answers without the worker.
sub refusal_by_curl {
	my ($target, @options) = @_;
	return run_command('curl', '-s', '--http1.1', '--cacert', $certificate, '--resolve',
	    "localhost:$port:127.0.0.1", '-w', '%{http_code} %{content_type}', @options, $target);
}

sub fault {
	my ($status, $sentence) = @_;
	return qq({"retCode":"$status","retMsg":"$sentence"}$status application/json);
}

# the server is ours alone, so JSON is all it speaks
my $whatever = 'The web server cannot take this request.';
is refusal_by_curl("https://localhost:$port/"), fault(404, 'There is nothing at this URL.'), 'another URL';
is refusal_by_curl("$url?" . 'x' x 20_000), fault(414, 'The URL is too long.'), 'a long URL';
is refusal_by_curl($url, '-X', 'TRACE'), fault(405, $whatever), 'TRACE';
is refusal_by_curl($url, '-H', 'Content-Length: x'), fault(400, $whatever), 'a bad header';
is refusal_by_curl($url, '-H', 'X-Long: ' . 'x' x 40_000), fault(400, $whatever), 'a long header';
is refusal_by_curl($url =~ s/https/http/r), fault(400, $whatever), 'plain HTTP';
ok index($nginx->logs, $Rig::Worker::token) < 0, 'the token is in no log';
is $worker->stop, 0, 'the worker ends well';
done_testing;
