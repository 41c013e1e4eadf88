# A real nginx in front of a worker, from the files that are shipped: only paths and ports are other ones.
package Rig::Nginx;

use strict;
use warnings;
use File::Path qw(make_path);
use Rig qw(folder source spawn stop_process wait_for free_port read_file write_file);
use Rig::Push qw(get);

my $count = 0;

sub shipped {
	my ($self, $name, @workers) = @_;
	my $text = read_file(source() . "/nginx/$name");
	my $servers = join ' ', map { "server $_->{listen};" } @workers;
	$text =~ s{server unix:/run/callresultd/callresultd\.sock;}{$servers};
	$text =~ s{/var/log/nginx/}{$self->{folder}/}g;
	$text =~ s{snippets/}{$self->{folder}/};
	return write_file("$self->{folder}/$name", $text);
}

# %with: worker => Rig::Worker, or workers => several of them; server => text of a server of its own in place of the
# plain one; main => what stands at the top of the configuration.
sub start_new {
	my ($class, %with) = @_;
	my $folder = folder() . '/nginx' . ++$count;
	my $port = $with{port} // free_port();
	my $self = bless { folder => $folder, port => $port, url => "http://127.0.0.1:$port" }, $class;
	make_path($folder);
	$self->shipped($_, @{ $with{workers} // [$with{worker}] })
	    for qw(callresult-http.conf callresult-location.conf);
	my $main = $with{main} // '';
	my $user = $> == 0 ? 'user www-data;' : '';
	my $server = $with{server} // "server { listen 127.0.0.1:$port; include $folder/callresult-location.conf; }";
	my $temporary = join "\n", map { "${_}_temp_path $folder/$_;" } qw(client_body fastcgi proxy uwsgi scgi);
	write_file("$folder/nginx.conf", <<"END");
$main
$user
daemon off;
pid $folder/pid;
error_log $folder/error.log;
events { worker_connections 1024; }
http {
	$temporary
	include $folder/callresult-http.conf;
	access_log $folder/access.log combined if=\$callresult_elsewhere;
	$server
}
END
	$self->{pid} = spawn(['/usr/sbin/nginx', '-e', "$folder/error.log", '-p', $folder, '-c', "$folder/nginx.conf"],
		log => "$folder/start.log");
	wait_for(sub { IO::Socket::INET->new("127.0.0.1:$port") }) or
	    die "nginx does not start:\n", read_file("$folder/start.log");
	return $self;
}

sub stop { return stop_process($_[0]{pid}, 'QUIT') }
sub logs { return join '', map { read_file($_) } glob "$_[0]{folder}/*.log" }

1;
