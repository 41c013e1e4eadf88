# A real lighttpd in front of a worker, from the file that is shipped: only paths and ports are other ones.
package Rig::Lighttpd;

use strict;
use warnings;
use IO::Socket::INET;
use Rig qw(folder source spawn stop_process wait_for free_port read_file write_file open_to_web_server);

my $count = 0;

# %with: worker => Rig::Worker
sub start_new {
	my ($class, %with) = @_;
	my $folder = folder() . '/lighttpd' . ++$count;
	my $port = free_port();
	my $self = bless { folder => $folder, port => $port, url => "http://127.0.0.1:$port" }, $class;
	mkdir $folder or die "$folder: $!";
	open_to_web_server($folder, 02775);
	my $text = read_file(source() . '/lighttpd/callresult.conf');
	my ($socket) = $with{worker}{listen} =~ /^unix:(.*)/;
	$text =~ s{/run/callresultd/callresultd\.sock}{$socket};
	$text =~ s{/var/log/lighttpd/}{$folder/};
	$text =~ s{/usr/share/callresultd/lighttpd/}{$folder/};
	write_file("$folder/callresult.conf", $text);
	write_file("$folder/" . s{.*/}{}r, read_file($_)) for glob source() . '/lighttpd/fault-*';
	my $user = $> == 0 ? qq(server.username = "www-data"\nserver.groupname = "www-data") : '';
	my ($format) = $text =~ /^#   (accesslog\.format = .*)/m;
	write_file("$folder/lighttpd.conf", <<"END");
server.port = $port
server.bind = "127.0.0.1"
server.document-root = "$folder"
server.errorlog = "$folder/error.log"
server.upload-dirs = ( "$folder" )
$user
include "$folder/callresult.conf"
accesslog.filename = "$folder/access.log"
$format
END
	$self->{pid} = spawn(['/usr/sbin/lighttpd', '-D', '-f', "$folder/lighttpd.conf"], log => "$folder/start.log");
	wait_for(sub { IO::Socket::INET->new("127.0.0.1:$port") }) or
	    die "lighttpd does not start:\n", read_file("$folder/start.log"), read_file("$folder/error.log");
	return $self;
}

sub stop { return stop_process($_[0]{pid}, 'TERM') }
sub logs { return join '', map { read_file($_) } glob "$_[0]{folder}/*.log" }

1;
