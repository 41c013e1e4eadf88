# A real Caddy in front of a worker, from the file that is shipped: only paths and ports are other ones.
package Rig::Caddy;

use strict;
use warnings;
use IO::Socket::INET;
use Rig qw(folder source spawn stop_process wait_for free_port read_file write_file);

my $count = 0;

# %with: worker => Rig::Worker
sub start_new {
	my ($class, %with) = @_;
	my $folder = folder() . '/caddy' . ++$count;
	my $port = free_port();
	my $self = bless { folder => $folder, port => $port, url => "http://127.0.0.1:$port" }, $class;
	mkdir $folder or die "$folder: $!";
	my $text = read_file(source() . '/caddy/callresult.caddyfile');
	my ($socket) = $with{worker}{listen} =~ /^unix:(.*)/;
	# the global options that its head wants
	my ($global) = $text =~ /^(#   \{\n.*?^#   \}\n)/ms;
	$global =~ s/^#   //mg;
	$global =~ s/^\{/{\nadmin off\nauto_https off\n/;
	$text =~ s{/run/callresultd/callresultd\.sock}{$socket};
	write_file("$folder/callresult.caddyfile", $text);
	write_file("$folder/Caddyfile", <<"END");
$global
import callresult.caddyfile
http://:$port {
	bind 127.0.0.1
	import callresult
}
END
	$self->{pid} = spawn(['/usr/bin/caddy', 'run', '--config', "$folder/Caddyfile", '--adapter', 'caddyfile'],
		log => "$folder/caddy.log", env => { HOME => $folder, XDG_DATA_HOME => $folder,
		    XDG_CONFIG_HOME => $folder });
	wait_for(sub { IO::Socket::INET->new("127.0.0.1:$port") }) or
	    die "Caddy does not start:\n", read_file("$folder/caddy.log");
	return $self;
}

sub stop { return stop_process($_[0]{pid}, 'TERM') }
sub logs { return join '', map { read_file($_) } glob "$_[0]{folder}/*.log" }

1;
